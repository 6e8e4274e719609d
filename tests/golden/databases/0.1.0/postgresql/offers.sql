CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the event log is append-only: % refused', TG_OP; END $$;

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.dead_letters (
    id text NOT NULL,
    source text NOT NULL,
    streams json NOT NULL,
    version integer,
    event_id text,
    type text,
    reason text NOT NULL,
    died_at bigint NOT NULL,
    redriven_at bigint
);

CREATE TABLE public.events (
    stream_id text NOT NULL,
    version integer NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    schema_version integer NOT NULL,
    data json NOT NULL,
    metadata json NOT NULL,
    occurred_at bigint NOT NULL,
    recorded_at bigint NOT NULL
);

CREATE TABLE public.identifiers (
    key text NOT NULL,
    stream_id text NOT NULL,
    tenure integer NOT NULL,
    epoch integer NOT NULL,
    assurance text NOT NULL
);

CREATE TABLE public.labels (
    stream_id text NOT NULL,
    profile_id text NOT NULL,
    epoch integer NOT NULL
);

CREATE TABLE public.memberships (
    profile_id text NOT NULL,
    version integer NOT NULL,
    segments json NOT NULL,
    as_of json NOT NULL
);

CREATE TABLE public.outbox (
    id text NOT NULL,
    refs json NOT NULL,
    claimed_at bigint NOT NULL
);

CREATE TABLE public.positions (
    source text NOT NULL,
    stream_id text NOT NULL,
    version integer NOT NULL,
    seen integer NOT NULL,
    halted boolean NOT NULL
);

CREATE TABLE public.reconciled (
    source text NOT NULL,
    changed_at bigint NOT NULL
);

CREATE TABLE public.streams (
    stream_id text NOT NULL,
    version integer NOT NULL,
    changed_at bigint NOT NULL
);

CREATE TABLE public.summaries (
    stream_id text NOT NULL,
    version integer NOT NULL,
    summary json NOT NULL
);

INSERT INTO public.alembic_version VALUES ('0001');

INSERT INTO public.dead_letters VALUES ('01a2182e-42fc-770f-8f9f-a6c58a2455fd', 'segments', '[]', NULL, NULL, NULL, 'undecodable: JSONDecodeError', 899254800000000, NULL);

INSERT INTO public.events VALUES ('01a2182e-35a9-72c2-97f8-9d8b140ef03e', 1, '01a2182e-35a9-72c2-97f8-9d8b140ef03e', 'offer_decided', 1, '{"decision_id":"01a2182e-35a9-72c2-97f8-9d8b140ef03e","placement":"checkout","profile_id":"01a2182e-2a89-756e-bbc1-6b6acadb289f","assurance":"device","slots":{"welcome":[{"offer_id":"cart_kept","offer_version":1,"variant":"default","content":{"title":"Welcome back","text":"We have kept your basket for you."}}],"reassurance":[{"offer_id":"trust_signals","offer_version":1,"variant":"default","content":{"title":"New here? You are in good hands","text":"Free returns for 30 days, and you pay through a secure connection.","badges":["secure_payment","free_returns","buyer_protection"]}}],"account":[{"offer_id":"guest_checkout","offer_version":1,"variant":"default","content":{"title":"Check out as a guest","text":"No account needed. You can make one after the order if you like.","guest_checkout":true,"sign_in":"link"}}],"loyalty":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Our loyalty programme","text":"Members earn points with every order."}}],"payment":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"How would you like to pay?","first":"card"}}],"extras":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Free returns","text":"You have 30 days to change your mind."}}],"service":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Questions?","text":"Our help pages have the answers.","contact":"help_pages"}}]},"reasons":["fallback:loyalty","fallback:payment","fallback:extras","fallback:service"],"degraded":[],"stale":false,"inputs":{"catalogue":"386154ee81a54c14","streams":{"01a2182e-2a89-756e-bbc1-6b6acadb289f":4,"01a2182e-2a8a-751b-aa7a-b73d6d946295":1},"segments":{"01a2182e-2a89-756e-bbc1-6b6acadb289f":2},"ignored_identifiers":[]},"decided_at":"1998-07-01T01:00:00.000000Z","trace":{"welcome":[{"offer_id":"top_customer_welcome","offer_version":1,"eligible":false,"chosen":false,"why":["requires verified, the shopper''s assurance is device"]},{"offer_id":"cart_kept","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"abandoned_cart\" in segments (\"abandoned_cart\", \"first_time_visitor\")"]},{"offer_id":"welcome_back","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"first_time_visitor\")"]},{"offer_id":"referred_welcome","offer_version":1,"eligible":false,"chosen":false,"why":["true: \"first_time_visitor\" in segments (\"abandoned_cart\", \"first_time_visitor\")","false: context.referrer in (\"running-club.example\", \"garden-club.example\") (\"search.example\")"]}],"reassurance":[{"offer_id":"trust_signals","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"first_time_visitor\" in segments (\"abandoned_cart\", \"first_time_visitor\")"]}],"account":[{"offer_id":"guest_checkout","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"first_time_visitor\" in segments (\"abandoned_cart\", \"first_time_visitor\")"]}],"loyalty":[{"offer_id":"loyalty_status_top","offer_version":1,"eligible":false,"chosen":false,"why":["requires verified, the shopper''s assurance is device"]},{"offer_id":"loyalty_status","offer_version":1,"eligible":false,"chosen":false,"why":["requires verified, the shopper''s assurance is device"]},{"offer_id":"join_loyalty","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"first_time_visitor\")","false: traits.loyalty_enrolled == True (nothing)"]}],"payment":[{"offer_id":"mobile_wallet","offer_version":1,"eligible":false,"chosen":false,"why":["false: context.device == \"mobile\" (\"desktop\")"]}],"extras":[{"offer_id":"watch_warranty","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"kitchen\")","false: basket_value(\"USD\") >= 100 (39.00 USD)"]},{"offer_id":"watch_strap","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"kitchen\")"]}],"service":[{"offer_id":"priority_contact","offer_version":1,"eligible":false,"chosen":false,"why":["requires verified, the shopper''s assurance is device"]}]},"request":{"identifiers":["anonymous_id:c61502bcbba50dd7bf4346a5f68bec1e"],"authenticated":false,"context":{"items":[{"sku":"kettle-2l","category":"kitchen","quantity":1,"price":3900}],"value":3900,"currency":"USD","device":"desktop","referrer":"search.example","language":"en"},"at_least":{},"deadline_ms":10000}}', '{"correlation_id":"standalone_rpc_proxy.call.2b108ac0-18c4-4d4e-ba73-d0f964f2d501","profile_id":"01a2182e-2a89-756e-bbc1-6b6acadb289f"}', 899254800000000, 899254800000000);
INSERT INTO public.events VALUES ('01a2182e-35bc-726a-96b3-f0431b01134e', 1, '01a2182e-35bc-726a-96b3-f0431b01134e', 'offer_decided', 1, '{"decision_id":"01a2182e-35bc-726a-96b3-f0431b01134e","placement":"checkout","profile_id":"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8","assurance":"verified","slots":{"welcome":[{"offer_id":"cart_kept","offer_version":1,"variant":"default","content":{"title":"Welcome back","text":"We have kept your basket for you."}}],"reassurance":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Secure payment","badges":["secure_payment"]}}],"account":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Your details","guest_checkout":true,"sign_in":"optional"}}],"loyalty":[{"offer_id":"join_loyalty","offer_version":1,"variant":"default","content":{"title":"Earn 48 points with this order","text":"Join our loyalty programme, free of charge, with one click.","points_to_earn":48,"action":"enrol"}}],"payment":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"How would you like to pay?","first":"card"}}],"extras":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Free returns","text":"You have 30 days to change your mind."}}],"service":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Questions?","text":"Our help pages have the answers.","contact":"help_pages"}}]},"reasons":["fallback:reassurance","fallback:account","fallback:payment","fallback:extras","fallback:service"],"degraded":[],"stale":false,"inputs":{"catalogue":"386154ee81a54c14","streams":{"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8":4,"01a2182e-2a8a-751b-aa7a-b73fab6f33fd":1,"01a2182e-2a8a-751b-aa7a-b740e363d11a":4},"segments":{"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8":2},"ignored_identifiers":[]},"decided_at":"1998-07-01T01:00:00.000000Z","trace":{"welcome":[{"offer_id":"top_customer_welcome","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"high_value\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")"]},{"offer_id":"cart_kept","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"abandoned_cart\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")"]},{"offer_id":"welcome_back","offer_version":1,"eligible":true,"chosen":false,"why":["true: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")","outranked by cart_kept, of priority 70"]},{"offer_id":"referred_welcome","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")","false: context.referrer in (\"running-club.example\", \"garden-club.example\") (nothing)"]}],"reassurance":[{"offer_id":"trust_signals","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")"]}],"account":[{"offer_id":"guest_checkout","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")"]}],"loyalty":[{"offer_id":"loyalty_status_top","offer_version":1,"eligible":false,"chosen":false,"why":["false: traits.loyalty_tier == \"platinum\" (nothing)"]},{"offer_id":"loyalty_status","offer_version":1,"eligible":false,"chosen":false,"why":["no rule: everybody recognised as verified","the content needs {next_tier}, {points}, {points_to_next_tier}, {tier}, which is not known here"]},{"offer_id":"join_loyalty","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")","false: traits.loyalty_enrolled == True (nothing)"]}],"payment":[{"offer_id":"mobile_wallet","offer_version":1,"eligible":false,"chosen":false,"why":["false: context.device == \"mobile\" (\"desktop\")"]}],"extras":[{"offer_id":"watch_warranty","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"home\")","false: basket_value(\"USD\") >= 100 (48.00 USD)"]},{"offer_id":"watch_strap","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"home\")"]}],"service":[{"offer_id":"priority_contact","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"high_value\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")"]}]},"request":{"identifiers":["user_id:81364414f08d786c31374d0df274e553","anonymous_id:beaba30196e433c524391c0c3663d2a9"],"authenticated":true,"context":{"items":[{"sku":"shade-linen","category":"home","quantity":2,"price":2400}],"value":4800,"currency":"USD","device":"desktop","language":"en"},"at_least":{},"deadline_ms":10000}}', '{"correlation_id":"standalone_rpc_proxy.call.2b108ac0-18c4-4d4e-ba73-d0f964f2d501","profile_id":"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8"}', 899254800000000, 899254800000000);
INSERT INTO public.events VALUES ('01a2182e-35d8-7768-ba5f-ec2d99074038', 1, '01a2182e-35d8-7768-ba5f-ec2d99074038', 'offer_decided', 1, '{"decision_id":"01a2182e-35d8-7768-ba5f-ec2d99074038","placement":"checkout","profile_id":"01a2182e-2a8a-751b-aa7a-b741f903cb7c","assurance":"verified","slots":{"welcome":[{"offer_id":"top_customer_welcome","offer_version":1,"variant":"default","content":{"title":"Welcome back","text":"Everything is as you left it last time."}}],"reassurance":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Secure payment","badges":["secure_payment"]}}],"account":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Your details","guest_checkout":true,"sign_in":"optional"}}],"loyalty":[{"offer_id":"loyalty_status","offer_version":1,"variant":"default","content":{"title":"Your tier is gold, with 1175 points","text":"1325 more points make you platinum.","tier":"gold","points":1175,"next_tier":"platinum"}}],"payment":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"How would you like to pay?","first":"card"}}],"extras":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Free returns","text":"You have 30 days to change your mind."}}],"service":[{"offer_id":"priority_contact","offer_version":1,"variant":"default","content":{"title":"We are here for you","text":"Your call or message goes to the front of the queue.","contact":"priority_line"}}]},"reasons":["fallback:reassurance","fallback:account","fallback:payment","fallback:extras"],"degraded":[],"stale":false,"inputs":{"catalogue":"386154ee81a54c14","streams":{"01a2182e-2a8a-751b-aa7a-b741f903cb7c":22,"01a2182e-2a8a-751b-aa7a-b742d35037a2":1,"01a2182e-2a8a-751b-aa7a-b74323d56630":1},"segments":{"01a2182e-2a8a-751b-aa7a-b741f903cb7c":2},"ignored_identifiers":[]},"decided_at":"1998-07-01T01:00:00.000000Z","trace":{"welcome":[{"offer_id":"top_customer_welcome","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"high_value\" in segments (\"abandoned_cart\", \"high_value\")"]},{"offer_id":"cart_kept","offer_version":1,"eligible":true,"chosen":false,"why":["true: \"abandoned_cart\" in segments (\"abandoned_cart\", \"high_value\")","outranked by top_customer_welcome, of priority 90"]},{"offer_id":"welcome_back","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"high_value\")"]},{"offer_id":"referred_welcome","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"high_value\")","false: context.referrer in (\"running-club.example\", \"garden-club.example\") (nothing)"]}],"reassurance":[{"offer_id":"trust_signals","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"high_value\")"]}],"account":[{"offer_id":"guest_checkout","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"high_value\")"]}],"loyalty":[{"offer_id":"loyalty_status_top","offer_version":1,"eligible":false,"chosen":false,"why":["false: traits.loyalty_tier == \"platinum\" (\"gold\")"]},{"offer_id":"loyalty_status","offer_version":1,"eligible":true,"chosen":true,"why":["no rule: everybody recognised as verified"]},{"offer_id":"join_loyalty","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"high_value\")","true: traits.loyalty_enrolled == True (yes)"]}],"payment":[{"offer_id":"mobile_wallet","offer_version":1,"eligible":false,"chosen":false,"why":["false: context.device == \"mobile\" (\"desktop\")"]}],"extras":[{"offer_id":"watch_warranty","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"outdoor\")","false: basket_value(\"USD\") >= 100 (79.00 USD)"]},{"offer_id":"watch_strap","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"outdoor\")"]}],"service":[{"offer_id":"priority_contact","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"high_value\" in segments (\"abandoned_cart\", \"high_value\")"]}]},"request":{"identifiers":["user_id:debc304d74eb2c31c2e3c09984fda09f","loyalty_id:19dbb567457fff88c4aa50adf171f32c"],"authenticated":true,"context":{"items":[{"sku":"poles-trek","category":"outdoor","quantity":1,"price":7900}],"value":7900,"currency":"USD","device":"desktop","language":"en"},"at_least":{},"deadline_ms":10000}}', '{"correlation_id":"standalone_rpc_proxy.call.2b108ac0-18c4-4d4e-ba73-d0f964f2d501","profile_id":"01a2182e-2a8a-751b-aa7a-b741f903cb7c"}', 899254800000000, 899254800000000);

INSERT INTO public.identifiers VALUES ('anonymous_id:00d48f5f9d51529683ef02cbdc5f54e4', '01a2182e-20b6-729c-857a-220bc6afb3be', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:11e85a246ba50a6e14135fcaacf1768a', '01a2182e-2325-757d-84cb-0f169993c2a4', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:34b19872d3074c89f4b38c47a5f5f38c', '01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:448c09935744f6c7b307ebd00179a2d2', '01a2182e-204b-7255-b9bf-f3e64eae4605', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:74005fa632a0d530480689b0986efaf2', '01a2182e-233b-7782-b364-5c834999a935', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:9916efafca24402a8f4b2e58922e1924', '01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:beaba30196e433c524391c0c3663d2a9', '01a2182e-2a8a-751b-aa7a-b740e363d11a', 1, 2, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:c008948f843165c2e210cc6e044afc1d', '01a2182e-21eb-77c9-92c0-cc5e810e00fe', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:c0d05291ee9d07dbbd8c78cdb9360919', '01a2182e-20d1-72aa-bb40-8d5f941928cf', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:c61502bcbba50dd7bf4346a5f68bec1e', '01a2182e-2a89-756e-bbc1-6b6acadb289f', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:cac3241480b0125254690d72ad928170', '01a2182e-25a4-7726-86ae-6dd317b1d4cc', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:e3c1ecf8c553e9354f1b772e41e8c383', '01a2182e-2311-7500-a20d-a418192cfa87', 1, 2, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:e68daead29807170393545f68e501b0a', '01a2182e-2566-76a7-9108-1b7484bf8641', 1, 2, 'claimed');
INSERT INTO public.identifiers VALUES ('anonymous_id:fc986f9d20c6b3d56665d69a6e49ca7d', '01a2182e-22e1-7201-b1f8-90fd02f1e800', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('device_id:603a0964788ddd0e066c357c360ba7d5', '01a2182e-24b6-72c4-9f1f-c715fa4acb0b', 6, 1, 'device');
INSERT INTO public.identifiers VALUES ('device_id:c5b4b88bb5c775d27ecf001b9c5f5f5e', '01a2182e-2240-76c9-803a-a6f56a1e5314', 1, 3, 'device');
INSERT INTO public.identifiers VALUES ('device_id:e66130a777dac0dd4d70078ecd497ccc', '01a2182e-24ee-71af-be50-22a8dea1ad6d', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('email:105adf7a9ad6d0067fdd9cafb7935e58', '01a2182e-210d-7067-b7d0-caea9f641344', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('email:35027343718316219d3e336134bfc5cf', '01a2182e-218b-72b2-8b54-8c727aa73622', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('email:4b7fb37daabae34f8ba3a6220e4584bd', '01a2182e-204b-7255-b9bf-f3e7532c30be', 1, 2, 'verified');
INSERT INTO public.identifiers VALUES ('email:4ec43c0dd0a8a2b99cf44e67563317c3', '01a2182e-2a8a-751b-aa7a-b73d6d946295', 1, 1, 'claimed');
INSERT INTO public.identifiers VALUES ('email:6024f4631cc6969bde1d829dcaf5bb04', '01a2182e-257e-710c-bfe9-3e17fc9d380a', 1, 2, 'verified');
INSERT INTO public.identifiers VALUES ('email:6a43de361511a38646858873b2896897', '01a2182e-23bd-7566-8417-7d4fb25211b1', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('email:7854a646ea13d142979910729440b814', '01a2182e-2087-77ff-9f9e-e5c14b0cf218', 1, 1, 'claimed');
INSERT INTO public.identifiers VALUES ('email:78619bba73713332e7b1225d588c1fb0', '01a2182e-2a8a-751b-aa7a-b73fab6f33fd', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('email:7d63d135f036322a81085718244d1a19', '01a2182e-216c-7487-b660-94be126fa3e2', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('email:8c3717246702959bbd8bfdc66e765017', '01a2182e-22e1-7201-b1f8-90fcedb1b7ff', 1, 3, 'verified');
INSERT INTO public.identifiers VALUES ('email:9137e34ef2527c5d14c23132f3bf2f19', '01a2182e-2a8a-751b-aa7a-b746f39e891c', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('email:a75f29bfb2c8cd4bfc5f85f4a95a253b', '01a2182e-2130-7442-b8e6-140e7f9e1071', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('email:dbf4bf1f656e0ec3faee0c7ff4b746ef', '01a2182e-2a8a-751b-aa7a-b74323d56630', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('email:ef55b0ecfa8f4e369b44b7a3c7a943c3', '01a2182e-24fd-71f2-aafa-ac271928a80b', 1, 2, 'verified');
INSERT INTO public.identifiers VALUES ('email:f89de79bf2a225ddc977322e48abbac6', '01a2182e-2150-76f5-8823-e83afdbbd73c', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('loyalty_id:19dbb567457fff88c4aa50adf171f32c', '01a2182e-2a8a-751b-aa7a-b742d35037a2', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('loyalty_id:6e489e9e51cdd67a897bb809af04dab4', '01a2182e-235b-7380-bb44-e31ced04e88b', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('phone:bdd7ea6ce83bec65602ee8c8dbf07733', '01a2182e-227c-753a-bb6a-0b23500b2dac', 1, 2, 'claimed');
INSERT INTO public.identifiers VALUES ('phone:ddd33f3089810c21db0cc7585c1356f9', '01a2182e-25cb-7360-ae8f-136c9d046680', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:0b1fdeb9fb85ba52724fbfcacb4a544e', '01a2182e-2498-73fe-b531-2eecbec16fb8', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:17f324b55d65ec6ebd7e78f1e1d5b140', '01a2182e-2518-76ea-b647-48d9b17590f9', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:4325ceee0d3784b1a02f60dec37a6582', '01a2182e-25cb-7360-ae8f-136bc707ed88', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:49a145b9b1a827e9d8b745b889599e2b', '01a2182e-20b6-729c-857a-220a6d8e500c', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:7df526ee5f76dabe5884e9b1a7f7528a', '01a2182e-2a8a-751b-aa7a-b745794c07ca', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:81364414f08d786c31374d0df274e553', '01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:86658d7832f2eef51bbc942d40a2c635', '01a2182e-25a4-7726-86ae-6dd2dc185ccf', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:9cb58c922a4c321cc9f3a3a388db455a', '01a2182e-23bd-7566-8417-7d4e84cb4c1d', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:baae535e41ea65fe8fc94d4a3ad76c64', '01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 1, 2, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:c2c46b34906c12ca9b9da08c62d40ae1', '01a2182e-210d-7067-b7d0-cae96c081940', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:debc304d74eb2c31c2e3c09984fda09f', '01a2182e-2a8a-751b-aa7a-b741f903cb7c', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:ea10d5c26ab1fb4709bb1de07521887c', '01a2182e-22e1-7201-b1f8-90fb549b9b07', 1, 2, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:f860377d107af1354f951ae25b6f98ce', '01a2182e-20d1-72aa-bb40-8d5ec8d124db', 1, 2, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:fe2ec4eb9609b133655e537641a479a0', '01a2182e-2428-7023-a4c1-72cfb9526969', 1, 1, 'verified');

INSERT INTO public.labels VALUES ('01a2182e-204b-7255-b9bf-f3e64eae4605', '01a2182e-204b-7255-b9bf-f3e64eae4605', 1);
INSERT INTO public.labels VALUES ('01a2182e-204b-7255-b9bf-f3e7532c30be', '01a2182e-204b-7255-b9bf-f3e7532c30be', 2);
INSERT INTO public.labels VALUES ('01a2182e-2087-77ff-9f9e-e5c14b0cf218', '01a2182e-204b-7255-b9bf-f3e64eae4605', 1);
INSERT INTO public.labels VALUES ('01a2182e-20b6-729c-857a-220a6d8e500c', '01a2182e-204b-7255-b9bf-f3e7532c30be', 1);
INSERT INTO public.labels VALUES ('01a2182e-20b6-729c-857a-220bc6afb3be', '01a2182e-204b-7255-b9bf-f3e7532c30be', 1);
INSERT INTO public.labels VALUES ('01a2182e-20d1-72aa-bb40-8d5ec8d124db', '01a2182e-20d1-72aa-bb40-8d5ec8d124db', 2);
INSERT INTO public.labels VALUES ('01a2182e-20d1-72aa-bb40-8d5f941928cf', '01a2182e-20d1-72aa-bb40-8d5ec8d124db', 1);
INSERT INTO public.labels VALUES ('01a2182e-210d-7067-b7d0-cae96c081940', '01a2182e-210d-7067-b7d0-cae96c081940', 1);
INSERT INTO public.labels VALUES ('01a2182e-210d-7067-b7d0-caea9f641344', '01a2182e-210d-7067-b7d0-cae96c081940', 1);
INSERT INTO public.labels VALUES ('01a2182e-2130-7442-b8e6-140e7f9e1071', '01a2182e-210d-7067-b7d0-cae96c081940', 1);
INSERT INTO public.labels VALUES ('01a2182e-2150-76f5-8823-e83afdbbd73c', '01a2182e-210d-7067-b7d0-cae96c081940', 1);
INSERT INTO public.labels VALUES ('01a2182e-216c-7487-b660-94be126fa3e2', '01a2182e-210d-7067-b7d0-cae96c081940', 1);
INSERT INTO public.labels VALUES ('01a2182e-218b-72b2-8b54-8c727aa73622', '01a2182e-210d-7067-b7d0-cae96c081940', 1);
INSERT INTO public.labels VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', '01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 2);
INSERT INTO public.labels VALUES ('01a2182e-21eb-77c9-92c0-cc5e810e00fe', '01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 1);
INSERT INTO public.labels VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', '01a2182e-2240-76c9-803a-a6f56a1e5314', 3);
INSERT INTO public.labels VALUES ('01a2182e-227c-753a-bb6a-0b23500b2dac', '01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 2);
INSERT INTO public.labels VALUES ('01a2182e-22e1-7201-b1f8-90fb549b9b07', '01a2182e-22e1-7201-b1f8-90fb549b9b07', 2);
INSERT INTO public.labels VALUES ('01a2182e-22e1-7201-b1f8-90fcedb1b7ff', '01a2182e-22e1-7201-b1f8-90fb549b9b07', 3);
INSERT INTO public.labels VALUES ('01a2182e-22e1-7201-b1f8-90fd02f1e800', '01a2182e-22e1-7201-b1f8-90fb549b9b07', 1);
INSERT INTO public.labels VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', '01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 1);
INSERT INTO public.labels VALUES ('01a2182e-2311-7500-a20d-a418192cfa87', '01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 2);
INSERT INTO public.labels VALUES ('01a2182e-2325-757d-84cb-0f169993c2a4', '01a2182e-2325-757d-84cb-0f169993c2a4', 1);
INSERT INTO public.labels VALUES ('01a2182e-233b-7782-b364-5c834999a935', '01a2182e-233b-7782-b364-5c834999a935', 1);
INSERT INTO public.labels VALUES ('01a2182e-235b-7380-bb44-e31ced04e88b', '01a2182e-235b-7380-bb44-e31ced04e88b', 1);
INSERT INTO public.labels VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', '01a2182e-23bd-7566-8417-7d4e84cb4c1d', 1);
INSERT INTO public.labels VALUES ('01a2182e-23bd-7566-8417-7d4fb25211b1', '01a2182e-23bd-7566-8417-7d4e84cb4c1d', 1);
INSERT INTO public.labels VALUES ('01a2182e-23bd-7566-8417-7d50d28bb1a1', '01a2182e-23bd-7566-8417-7d4e84cb4c1d', 1);
INSERT INTO public.labels VALUES ('01a2182e-23ff-741e-8fe8-1b8c1922f38a', '01a2182e-23ff-741e-8fe8-1b8c1922f38a', 1);
INSERT INTO public.labels VALUES ('01a2182e-2428-7023-a4c1-72cfb9526969', '01a2182e-2428-7023-a4c1-72cfb9526969', 1);
INSERT INTO public.labels VALUES ('01a2182e-2428-7023-a4c1-72d08d98750a', '01a2182e-2428-7023-a4c1-72cfb9526969', 1);
INSERT INTO public.labels VALUES ('01a2182e-2467-71d8-a187-7688957c8713', '01a2182e-2467-71d8-a187-7688957c8713', 1);
INSERT INTO public.labels VALUES ('01a2182e-2498-73fe-b531-2eecbec16fb8', '01a2182e-2498-73fe-b531-2eecbec16fb8', 1);
INSERT INTO public.labels VALUES ('01a2182e-2498-73fe-b531-2eed5f03eff7', '01a2182e-2498-73fe-b531-2eecbec16fb8', 1);
INSERT INTO public.labels VALUES ('01a2182e-24b6-72c4-9f1f-c715fa4acb0b', '01a2182e-23bd-7566-8417-7d4e84cb4c1d', 1);
INSERT INTO public.labels VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', '01a2182e-24ee-71af-be50-22a8dea1ad6d', 1);
INSERT INTO public.labels VALUES ('01a2182e-24fd-71f2-aafa-ac271928a80b', '01a2182e-24ee-71af-be50-22a8dea1ad6d', 2);
INSERT INTO public.labels VALUES ('01a2182e-2518-76ea-b647-48d9b17590f9', '01a2182e-24ee-71af-be50-22a8dea1ad6d', 1);
INSERT INTO public.labels VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', '01a2182e-2566-76a7-9108-1b7484bf8641', 2);
INSERT INTO public.labels VALUES ('01a2182e-257e-710c-bfe9-3e17fc9d380a', '01a2182e-2566-76a7-9108-1b7484bf8641', 2);
INSERT INTO public.labels VALUES ('01a2182e-25a4-7726-86ae-6dd2dc185ccf', '01a2182e-2566-76a7-9108-1b7484bf8641', 1);
INSERT INTO public.labels VALUES ('01a2182e-25a4-7726-86ae-6dd317b1d4cc', '01a2182e-2566-76a7-9108-1b7484bf8641', 1);
INSERT INTO public.labels VALUES ('01a2182e-25cb-7360-ae8f-136bc707ed88', '01a2182e-25cb-7360-ae8f-136bc707ed88', 1);
INSERT INTO public.labels VALUES ('01a2182e-25cb-7360-ae8f-136c9d046680', '01a2182e-25cb-7360-ae8f-136bc707ed88', 1);
INSERT INTO public.labels VALUES ('01a2182e-2a89-756e-bbc1-6b6acadb289f', '01a2182e-2a89-756e-bbc1-6b6acadb289f', 1);
INSERT INTO public.labels VALUES ('01a2182e-2a8a-751b-aa7a-b73d6d946295', '01a2182e-2a89-756e-bbc1-6b6acadb289f', 1);
INSERT INTO public.labels VALUES ('01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', '01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 1);
INSERT INTO public.labels VALUES ('01a2182e-2a8a-751b-aa7a-b73fab6f33fd', '01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 1);
INSERT INTO public.labels VALUES ('01a2182e-2a8a-751b-aa7a-b740e363d11a', '01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 2);
INSERT INTO public.labels VALUES ('01a2182e-2a8a-751b-aa7a-b741f903cb7c', '01a2182e-2a8a-751b-aa7a-b741f903cb7c', 1);
INSERT INTO public.labels VALUES ('01a2182e-2a8a-751b-aa7a-b742d35037a2', '01a2182e-2a8a-751b-aa7a-b741f903cb7c', 1);
INSERT INTO public.labels VALUES ('01a2182e-2a8a-751b-aa7a-b74323d56630', '01a2182e-2a8a-751b-aa7a-b741f903cb7c', 1);
INSERT INTO public.labels VALUES ('01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', '01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 1);
INSERT INTO public.labels VALUES ('01a2182e-2a8a-751b-aa7a-b745794c07ca', '01a2182e-2a8a-751b-aa7a-b745794c07ca', 1);
INSERT INTO public.labels VALUES ('01a2182e-2a8a-751b-aa7a-b746f39e891c', '01a2182e-2a8a-751b-aa7a-b745794c07ca', 1);

INSERT INTO public.memberships VALUES ('01a2182e-204b-7255-b9bf-f3e64eae4605', 1, '{"first_time_visitor":898776000000000}', '{"01a2182e-204b-7255-b9bf-f3e64eae4605":2,"01a2182e-204b-7255-b9bf-f3e7532c30be":1}');
INSERT INTO public.memberships VALUES ('01a2182e-204b-7255-b9bf-f3e7532c30be', 1, '{"first_time_visitor":898776000000000}', '{"01a2182e-204b-7255-b9bf-f3e7532c30be":2,"01a2182e-20b6-729c-857a-220a6d8e500c":2,"01a2182e-20b6-729c-857a-220bc6afb3be":1}');
INSERT INTO public.memberships VALUES ('01a2182e-20d1-72aa-bb40-8d5ec8d124db', 1, '{"first_time_visitor":898776000000000}', '{"01a2182e-20d1-72aa-bb40-8d5ec8d124db":1,"01a2182e-20d1-72aa-bb40-8d5f941928cf":1}');
INSERT INTO public.memberships VALUES ('01a2182e-210d-7067-b7d0-cae96c081940', 2, '{"first_time_visitor":898776000000000,"newsletter_reader":898776000000000}', '{"01a2182e-210d-7067-b7d0-cae96c081940":7,"01a2182e-210d-7067-b7d0-caea9f641344":1,"01a2182e-2130-7442-b8e6-140e7f9e1071":1,"01a2182e-2150-76f5-8823-e83afdbbd73c":1,"01a2182e-216c-7487-b660-94be126fa3e2":1,"01a2182e-218b-72b2-8b54-8c727aa73622":1}');
INSERT INTO public.memberships VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 6, '{}', '{"01a2182e-21eb-77c9-92c0-cc5d1683e9ad":6,"01a2182e-21eb-77c9-92c0-cc5e810e00fe":1,"01a2182e-227c-753a-bb6a-0b23500b2dac":2}');
INSERT INTO public.memberships VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', 5, '{"returning_one_time_buyer":898776000000000}', '{"01a2182e-2240-76c9-803a-a6f56a1e5314":5}');
INSERT INTO public.memberships VALUES ('01a2182e-22e1-7201-b1f8-90fb549b9b07', 1, '{"first_time_visitor":898776000000000}', '{"01a2182e-22e1-7201-b1f8-90fb549b9b07":2,"01a2182e-22e1-7201-b1f8-90fcedb1b7ff":1,"01a2182e-22e1-7201-b1f8-90fd02f1e800":1}');
INSERT INTO public.memberships VALUES ('01a2182e-22e1-7201-b1f8-90fcedb1b7ff', 2, '{}', '{"01a2182e-22e1-7201-b1f8-90fcedb1b7ff":2}');
INSERT INTO public.memberships VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 4, '{"high_value":898776000000000,"returning_one_time_buyer":898776000000000}', '{"01a2182e-22fa-7424-bba8-00a8e2ca0ab1":2,"01a2182e-2311-7500-a20d-a418192cfa87":3}');
INSERT INTO public.memberships VALUES ('01a2182e-2311-7500-a20d-a418192cfa87', 2, '{}', '{"01a2182e-2311-7500-a20d-a418192cfa87":2}');
INSERT INTO public.memberships VALUES ('01a2182e-2325-757d-84cb-0f169993c2a4', 1, '{"first_time_visitor":898776000000000}', '{"01a2182e-2325-757d-84cb-0f169993c2a4":2}');
INSERT INTO public.memberships VALUES ('01a2182e-233b-7782-b364-5c834999a935', 1, '{"first_time_visitor":898776000000000}', '{"01a2182e-233b-7782-b364-5c834999a935":2}');
INSERT INTO public.memberships VALUES ('01a2182e-235b-7380-bb44-e31ced04e88b', 1, '{"first_time_visitor":898776000000000}', '{"01a2182e-235b-7380-bb44-e31ced04e88b":2}');
INSERT INTO public.memberships VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', 4, '{"returning_one_time_buyer":898776000000000,"high_value":898776000000000}', '{"01a2182e-23bd-7566-8417-7d4e84cb4c1d":5,"01a2182e-23bd-7566-8417-7d4fb25211b1":1,"01a2182e-23bd-7566-8417-7d50d28bb1a1":1,"01a2182e-24b6-72c4-9f1f-c715fa4acb0b":2}');
INSERT INTO public.memberships VALUES ('01a2182e-23ff-741e-8fe8-1b8c1922f38a', 1, '{"first_time_visitor":898776000000000}', '{"01a2182e-23ff-741e-8fe8-1b8c1922f38a":1}');
INSERT INTO public.memberships VALUES ('01a2182e-2428-7023-a4c1-72cfb9526969', 2, '{"abandoned_cart":898776000000000,"first_time_visitor":898776000000000}', '{"01a2182e-2428-7023-a4c1-72cfb9526969":2,"01a2182e-2428-7023-a4c1-72d08d98750a":2}');
INSERT INTO public.memberships VALUES ('01a2182e-2467-71d8-a187-7688957c8713', 1, '{"first_time_visitor":898776000000000}', '{"01a2182e-2467-71d8-a187-7688957c8713":1}');
INSERT INTO public.memberships VALUES ('01a2182e-2498-73fe-b531-2eecbec16fb8', 1, '{"first_time_visitor":898776000000000}', '{"01a2182e-2498-73fe-b531-2eecbec16fb8":2,"01a2182e-2498-73fe-b531-2eed5f03eff7":1}');
INSERT INTO public.memberships VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', 4, '{"returning_one_time_buyer":898776000000000,"newsletter_reader":898776000000000}', '{"01a2182e-24ee-71af-be50-22a8dea1ad6d":3,"01a2182e-24fd-71f2-aafa-ac271928a80b":2,"01a2182e-2518-76ea-b647-48d9b17590f9":7}');
INSERT INTO public.memberships VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 7, '{"first_time_visitor":898776000000000}', '{"01a2182e-2566-76a7-9108-1b7484bf8641":5,"01a2182e-257e-710c-bfe9-3e17fc9d380a":2,"01a2182e-25a4-7726-86ae-6dd2dc185ccf":3,"01a2182e-25a4-7726-86ae-6dd317b1d4cc":1}');
INSERT INTO public.memberships VALUES ('01a2182e-2a89-756e-bbc1-6b6acadb289f', 2, '{"first_time_visitor":899251200000000,"abandoned_cart":899253240000000}', '{"01a2182e-2a89-756e-bbc1-6b6acadb289f":4,"01a2182e-2a8a-751b-aa7a-b73d6d946295":1}');
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 2, '{"returning_one_time_buyer":899251200000000,"abandoned_cart":899253720000000}', '{"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8":4,"01a2182e-2a8a-751b-aa7a-b73fab6f33fd":1,"01a2182e-2a8a-751b-aa7a-b740e363d11a":4}');
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b741f903cb7c', 2, '{"high_value":899251200000000,"abandoned_cart":899254200000000}', '{"01a2182e-2a8a-751b-aa7a-b741f903cb7c":22,"01a2182e-2a8a-751b-aa7a-b742d35037a2":1,"01a2182e-2a8a-751b-aa7a-b74323d56630":1}');
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 2, '{"first_time_visitor":899251200000000,"abandoned_cart":899254440000000}', '{"01a2182e-2a8a-751b-aa7a-b7444f6a6fd9":4}');
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b745794c07ca', 2, '{"abandoned_cart":899251200000000,"first_time_visitor":899251200000000}', '{"01a2182e-2a8a-751b-aa7a-b745794c07ca":3,"01a2182e-2a8a-751b-aa7a-b746f39e891c":1}');

INSERT INTO public.positions VALUES ('profiles', '01a2182e-204b-7255-b9bf-f3e64eae4605', 3, 3, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-204b-7255-b9bf-f3e7532c30be', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2087-77ff-9f9e-e5c14b0cf218', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-20b6-729c-857a-220a6d8e500c', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-20b6-729c-857a-220bc6afb3be', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-20d1-72aa-bb40-8d5ec8d124db', 4, 4, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-20d1-72aa-bb40-8d5f941928cf', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-210d-7067-b7d0-cae96c081940', 7, 7, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-210d-7067-b7d0-caea9f641344', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2130-7442-b8e6-140e7f9e1071', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2150-76f5-8823-e83afdbbd73c', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-216c-7487-b660-94be126fa3e2', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-218b-72b2-8b54-8c727aa73622', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 6, 6, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-21eb-77c9-92c0-cc5e810e00fe', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2240-76c9-803a-a6f56a1e5314', 5, 5, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-227c-753a-bb6a-0b23500b2dac', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-22e1-7201-b1f8-90fb549b9b07', 4, 4, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-22e1-7201-b1f8-90fcedb1b7ff', 3, 3, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-22e1-7201-b1f8-90fd02f1e800', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 3, 3, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2311-7500-a20d-a418192cfa87', 3, 3, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2325-757d-84cb-0f169993c2a4', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-233b-7782-b364-5c834999a935', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-235b-7380-bb44-e31ced04e88b', 5, 5, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-23bd-7566-8417-7d4e84cb4c1d', 5, 5, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-23bd-7566-8417-7d4fb25211b1', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-23bd-7566-8417-7d50d28bb1a1', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-23ff-741e-8fe8-1b8c1922f38a', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2428-7023-a4c1-72cfb9526969', 4, 4, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2428-7023-a4c1-72d08d98750a', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2467-71d8-a187-7688957c8713', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2498-73fe-b531-2eecbec16fb8', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2498-73fe-b531-2eed5f03eff7', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-24b6-72c4-9f1f-c715fa4acb0b', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-24ee-71af-be50-22a8dea1ad6d', 3, 3, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-24fd-71f2-aafa-ac271928a80b', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2518-76ea-b647-48d9b17590f9', 7, 7, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2566-76a7-9108-1b7484bf8641', 5, 5, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-257e-710c-bfe9-3e17fc9d380a', 2, 2, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-25a4-7726-86ae-6dd2dc185ccf', 3, 3, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-25a4-7726-86ae-6dd317b1d4cc', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-25cb-7360-ae8f-136bc707ed88', 6, 6, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-25cb-7360-ae8f-136c9d046680', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a89-756e-bbc1-6b6acadb289f', 4, 4, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b73d6d946295', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 4, 4, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b73fab6f33fd', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b740e363d11a', 4, 4, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b741f903cb7c', 22, 22, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b742d35037a2', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b74323d56630', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 4, 4, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b745794c07ca', 3, 3, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b746f39e891c', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-204b-7255-b9bf-f3e64eae4605', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-204b-7255-b9bf-f3e7532c30be', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-20d1-72aa-bb40-8d5ec8d124db', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-210d-7067-b7d0-cae96c081940', 2, 2, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 6, 6, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2240-76c9-803a-a6f56a1e5314', 5, 5, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-22e1-7201-b1f8-90fb549b9b07', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-22e1-7201-b1f8-90fcedb1b7ff', 2, 2, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 4, 4, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2311-7500-a20d-a418192cfa87', 2, 2, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2325-757d-84cb-0f169993c2a4', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-233b-7782-b364-5c834999a935', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-235b-7380-bb44-e31ced04e88b', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-23bd-7566-8417-7d4e84cb4c1d', 4, 4, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-23ff-741e-8fe8-1b8c1922f38a', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2428-7023-a4c1-72cfb9526969', 2, 2, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2467-71d8-a187-7688957c8713', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2498-73fe-b531-2eecbec16fb8', 1, 1, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-24ee-71af-be50-22a8dea1ad6d', 4, 4, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2566-76a7-9108-1b7484bf8641', 7, 7, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2a89-756e-bbc1-6b6acadb289f', 2, 2, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 2, 2, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2a8a-751b-aa7a-b741f903cb7c', 2, 2, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 2, 2, false);
INSERT INTO public.positions VALUES ('segments', '01a2182e-2a8a-751b-aa7a-b745794c07ca', 2, 2, false);

INSERT INTO public.streams VALUES ('01a2182e-35a9-72c2-97f8-9d8b140ef03e', 1, 899254815376290);
INSERT INTO public.streams VALUES ('01a2182e-35bc-726a-96b3-f0431b01134e', 1, 899254815394418);
INSERT INTO public.streams VALUES ('01a2182e-35d8-7768-ba5f-ec2d99074038', 1, 899254815415958);

INSERT INTO public.summaries VALUES ('01a2182e-235b-7380-bb44-e31ced04e88b', 5, '{"types":{"loyalty_enrolled":[1,897984000000000,[897984000000000]],"loyalty_points_changed":[2,897984060000000,[897984060000000,898070400000000]],"loyalty_tier_changed":[1,897984120000000,[897984120000000]]},"traits":{"loyalty_enrolled":[897984000000000,"kai-1",true],"loyalty_tier":[897984120000000,"kai-3","silver"]},"points":450}');
INSERT INTO public.summaries VALUES ('01a2182e-2428-7023-a4c1-72cfb9526969', 4, '{"types":{"traits_changed":[1,898452000000000,[898452000000000]]},"traits":{"first_name":[898452000000000,"ben-4","Ben"]}}');
INSERT INTO public.summaries VALUES ('01a2182e-2518-76ea-b647-48d9b17590f9', 7, '{"types":{"traits_changed":[2,898509600000000,[898509600000000,898596000000000]],"consent_changed":[2,898596060000000,[898596060000000,898682460000000]]},"traits":{"first_name":[898509600000000,"nora-5","Nóra"],"city":[898596000000000,"nora-6",null],"sizes":[898509600000000,"nora-5",{"shoe":39}],"newsletter":[898596000000000,"nora-6",true]},"consent":{"email":[898682460000000,"nora-8",false],"sms":[898596060000000,"nora-7",false]}}');
INSERT INTO public.summaries VALUES ('01a2182e-2a8a-751b-aa7a-b741f903cb7c', 21, '{"types":{"loyalty_enrolled":[1,878464800000000,[878464800000000]],"traits_changed":[1,878464860000000,[878464860000000]],"consent_changed":[1,878464920000000,[878464920000000]],"loyalty_points_changed":[8,894471660000000,[894471660000000,895162860000000,895940460000000,896545260000000,897150060000000,897754860000000,898359660000000,898964460000000]],"loyalty_tier_changed":[1,897150300000000,[897150300000000]]},"traits":{"loyalty_enrolled":[878464800000000,"grace-1",true],"loyalty_tier":[897150300000000,"grace-14","gold"],"first_name":[878464860000000,"grace-2","Grace"],"language":[878464860000000,"grace-2","en"]},"consent":{"email":[878464920000000,"grace-3",true]},"points":1175}');

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_id_key UNIQUE (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (stream_id, version);

ALTER TABLE ONLY public.identifiers
    ADD CONSTRAINT identifiers_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.labels
    ADD CONSTRAINT labels_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (profile_id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (source, stream_id);

ALTER TABLE ONLY public.reconciled
    ADD CONSTRAINT reconciled_pkey PRIMARY KEY (source);

ALTER TABLE ONLY public.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_pkey PRIMARY KEY (stream_id);

CREATE INDEX ix_identifiers_stream_id ON public.identifiers USING btree (stream_id);

CREATE INDEX ix_labels_profile_id ON public.labels USING btree (profile_id);

CREATE INDEX ix_outbox_claimed_at ON public.outbox USING btree (claimed_at);

CREATE INDEX positions_behind ON public.positions USING btree (source, stream_id) WHERE (seen > version);

CREATE INDEX streams_by_change ON public.streams USING btree (changed_at, stream_id);

CREATE TRIGGER events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

