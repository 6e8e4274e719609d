BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE dead_letters (
	id TEXT NOT NULL, 
	source TEXT NOT NULL, 
	streams JSON NOT NULL, 
	version INTEGER, 
	event_id TEXT, 
	type TEXT, 
	reason TEXT NOT NULL, 
	died_at BIGINT NOT NULL, 
	redriven_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "dead_letters" VALUES('01a2182e-1082-7657-88de-93edbd52364e','segments','[]',NULL,NULL,NULL,'undecodable: JSONDecodeError',899254800000000,NULL);
CREATE TABLE events (
	stream_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	type TEXT NOT NULL, 
	schema_version INTEGER NOT NULL, 
	data JSON NOT NULL, 
	metadata JSON NOT NULL, 
	occurred_at BIGINT NOT NULL, 
	recorded_at BIGINT NOT NULL, 
	PRIMARY KEY (stream_id, version), 
	UNIQUE (id)
);
INSERT INTO "events" VALUES('01a2182e-0457-772a-a896-eb2c1dfb24f6',1,'01a2182e-0457-772a-a896-eb2c1dfb24f6','offer_decided',1,'{"decision_id":"01a2182e-0457-772a-a896-eb2c1dfb24f6","placement":"checkout","profile_id":"01a2182e-014c-7611-b0cb-d79cac7968ff","assurance":"device","slots":{"welcome":[{"offer_id":"cart_kept","offer_version":1,"variant":"default","content":{"title":"Welcome back","text":"We have kept your basket for you."}}],"reassurance":[{"offer_id":"trust_signals","offer_version":1,"variant":"default","content":{"title":"New here? You are in good hands","text":"Free returns for 30 days, and you pay through a secure connection.","badges":["secure_payment","free_returns","buyer_protection"]}}],"account":[{"offer_id":"guest_checkout","offer_version":1,"variant":"default","content":{"title":"Check out as a guest","text":"No account needed. You can make one after the order if you like.","guest_checkout":true,"sign_in":"link"}}],"loyalty":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Our loyalty programme","text":"Members earn points with every order."}}],"payment":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"How would you like to pay?","first":"card"}}],"extras":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Free returns","text":"You have 30 days to change your mind."}}],"service":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Questions?","text":"Our help pages have the answers.","contact":"help_pages"}}]},"reasons":["fallback:loyalty","fallback:payment","fallback:extras","fallback:service"],"degraded":[],"stale":false,"inputs":{"catalogue":"386154ee81a54c14","streams":{"01a2182e-014c-7611-b0cb-d79cac7968ff":4,"01a2182e-014c-7611-b0cb-d79dbe8b41d0":1},"segments":{"01a2182e-014c-7611-b0cb-d79cac7968ff":2},"ignored_identifiers":[]},"decided_at":"1998-07-01T01:00:00.000000Z","trace":{"welcome":[{"offer_id":"top_customer_welcome","offer_version":1,"eligible":false,"chosen":false,"why":["requires verified, the shopper''s assurance is device"]},{"offer_id":"cart_kept","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"abandoned_cart\" in segments (\"abandoned_cart\", \"first_time_visitor\")"]},{"offer_id":"welcome_back","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"first_time_visitor\")"]},{"offer_id":"referred_welcome","offer_version":1,"eligible":false,"chosen":false,"why":["true: \"first_time_visitor\" in segments (\"abandoned_cart\", \"first_time_visitor\")","false: context.referrer in (\"running-club.example\", \"garden-club.example\") (\"search.example\")"]}],"reassurance":[{"offer_id":"trust_signals","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"first_time_visitor\" in segments (\"abandoned_cart\", \"first_time_visitor\")"]}],"account":[{"offer_id":"guest_checkout","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"first_time_visitor\" in segments (\"abandoned_cart\", \"first_time_visitor\")"]}],"loyalty":[{"offer_id":"loyalty_status_top","offer_version":1,"eligible":false,"chosen":false,"why":["requires verified, the shopper''s assurance is device"]},{"offer_id":"loyalty_status","offer_version":1,"eligible":false,"chosen":false,"why":["requires verified, the shopper''s assurance is device"]},{"offer_id":"join_loyalty","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"first_time_visitor\")","false: traits.loyalty_enrolled == True (nothing)"]}],"payment":[{"offer_id":"mobile_wallet","offer_version":1,"eligible":false,"chosen":false,"why":["false: context.device == \"mobile\" (\"desktop\")"]}],"extras":[{"offer_id":"watch_warranty","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"kitchen\")","false: basket_value(\"USD\") >= 100 (39.00 USD)"]},{"offer_id":"watch_strap","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"kitchen\")"]}],"service":[{"offer_id":"priority_contact","offer_version":1,"eligible":false,"chosen":false,"why":["requires verified, the shopper''s assurance is device"]}]},"request":{"identifiers":["anonymous_id:c61502bcbba50dd7bf4346a5f68bec1e"],"authenticated":false,"context":{"items":[{"sku":"kettle-2l","category":"kitchen","quantity":1,"price":3900}],"value":3900,"currency":"USD","device":"desktop","referrer":"search.example","language":"en"},"at_least":{},"deadline_ms":10000}}','{"correlation_id":"standalone_rpc_proxy.call.ef062042-dd0a-4878-b39a-f621b800caf0","profile_id":"01a2182e-014c-7611-b0cb-d79cac7968ff"}',899254800000000,899254800000000);
INSERT INTO "events" VALUES('01a2182e-0462-71ec-b43f-51cf9828f7a7',1,'01a2182e-0462-71ec-b43f-51cf9828f7a7','offer_decided',1,'{"decision_id":"01a2182e-0462-71ec-b43f-51cf9828f7a7","placement":"checkout","profile_id":"01a2182e-014c-7611-b0cb-d79eb5fb1a20","assurance":"verified","slots":{"welcome":[{"offer_id":"cart_kept","offer_version":1,"variant":"default","content":{"title":"Welcome back","text":"We have kept your basket for you."}}],"reassurance":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Secure payment","badges":["secure_payment"]}}],"account":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Your details","guest_checkout":true,"sign_in":"optional"}}],"loyalty":[{"offer_id":"join_loyalty","offer_version":1,"variant":"default","content":{"title":"Earn 48 points with this order","text":"Join our loyalty programme, free of charge, with one click.","points_to_earn":48,"action":"enrol"}}],"payment":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"How would you like to pay?","first":"card"}}],"extras":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Free returns","text":"You have 30 days to change your mind."}}],"service":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Questions?","text":"Our help pages have the answers.","contact":"help_pages"}}]},"reasons":["fallback:reassurance","fallback:account","fallback:payment","fallback:extras","fallback:service"],"degraded":[],"stale":false,"inputs":{"catalogue":"386154ee81a54c14","streams":{"01a2182e-014c-7611-b0cb-d79eb5fb1a20":4,"01a2182e-014c-7611-b0cb-d79f5aafa49c":1,"01a2182e-014c-7611-b0cb-d7a0240577c8":4},"segments":{"01a2182e-014c-7611-b0cb-d79eb5fb1a20":2},"ignored_identifiers":[]},"decided_at":"1998-07-01T01:00:00.000000Z","trace":{"welcome":[{"offer_id":"top_customer_welcome","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"high_value\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")"]},{"offer_id":"cart_kept","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"abandoned_cart\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")"]},{"offer_id":"welcome_back","offer_version":1,"eligible":true,"chosen":false,"why":["true: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")","outranked by cart_kept, of priority 70"]},{"offer_id":"referred_welcome","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")","false: context.referrer in (\"running-club.example\", \"garden-club.example\") (nothing)"]}],"reassurance":[{"offer_id":"trust_signals","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")"]}],"account":[{"offer_id":"guest_checkout","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")"]}],"loyalty":[{"offer_id":"loyalty_status_top","offer_version":1,"eligible":false,"chosen":false,"why":["false: traits.loyalty_tier == \"platinum\" (nothing)"]},{"offer_id":"loyalty_status","offer_version":1,"eligible":false,"chosen":false,"why":["no rule: everybody recognised as verified","the content needs {next_tier}, {points}, {points_to_next_tier}, {tier}, which is not known here"]},{"offer_id":"join_loyalty","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")","false: traits.loyalty_enrolled == True (nothing)"]}],"payment":[{"offer_id":"mobile_wallet","offer_version":1,"eligible":false,"chosen":false,"why":["false: context.device == \"mobile\" (\"desktop\")"]}],"extras":[{"offer_id":"watch_warranty","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"home\")","false: basket_value(\"USD\") >= 100 (48.00 USD)"]},{"offer_id":"watch_strap","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"home\")"]}],"service":[{"offer_id":"priority_contact","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"high_value\" in segments (\"abandoned_cart\", \"returning_one_time_buyer\")"]}]},"request":{"identifiers":["user_id:81364414f08d786c31374d0df274e553","anonymous_id:beaba30196e433c524391c0c3663d2a9"],"authenticated":true,"context":{"items":[{"sku":"shade-linen","category":"home","quantity":2,"price":2400}],"value":4800,"currency":"USD","device":"desktop","language":"en"},"at_least":{},"deadline_ms":10000}}','{"correlation_id":"standalone_rpc_proxy.call.ef062042-dd0a-4878-b39a-f621b800caf0","profile_id":"01a2182e-014c-7611-b0cb-d79eb5fb1a20"}',899254800000000,899254800000000);
INSERT INTO "events" VALUES('01a2182e-0466-7067-8b14-e262899201f1',1,'01a2182e-0466-7067-8b14-e262899201f1','offer_decided',1,'{"decision_id":"01a2182e-0466-7067-8b14-e262899201f1","placement":"checkout","profile_id":"01a2182e-014c-7611-b0cb-d7a175dd1b2a","assurance":"verified","slots":{"welcome":[{"offer_id":"top_customer_welcome","offer_version":1,"variant":"default","content":{"title":"Welcome back","text":"Everything is as you left it last time."}}],"reassurance":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Secure payment","badges":["secure_payment"]}}],"account":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Your details","guest_checkout":true,"sign_in":"optional"}}],"loyalty":[{"offer_id":"loyalty_status","offer_version":1,"variant":"default","content":{"title":"Your tier is gold, with 1175 points","text":"1325 more points make you platinum.","tier":"gold","points":1175,"next_tier":"platinum"}}],"payment":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"How would you like to pay?","first":"card"}}],"extras":[{"offer_id":null,"offer_version":null,"variant":"fallback","content":{"title":"Free returns","text":"You have 30 days to change your mind."}}],"service":[{"offer_id":"priority_contact","offer_version":1,"variant":"default","content":{"title":"We are here for you","text":"Your call or message goes to the front of the queue.","contact":"priority_line"}}]},"reasons":["fallback:reassurance","fallback:account","fallback:payment","fallback:extras"],"degraded":[],"stale":false,"inputs":{"catalogue":"386154ee81a54c14","streams":{"01a2182e-014c-7611-b0cb-d7a175dd1b2a":22,"01a2182e-014c-7611-b0cb-d7a2788facb4":1,"01a2182e-014c-7611-b0cb-d7a3003ca9c7":1},"segments":{"01a2182e-014c-7611-b0cb-d7a175dd1b2a":2},"ignored_identifiers":[]},"decided_at":"1998-07-01T01:00:00.000000Z","trace":{"welcome":[{"offer_id":"top_customer_welcome","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"high_value\" in segments (\"abandoned_cart\", \"high_value\")"]},{"offer_id":"cart_kept","offer_version":1,"eligible":true,"chosen":false,"why":["true: \"abandoned_cart\" in segments (\"abandoned_cart\", \"high_value\")","outranked by top_customer_welcome, of priority 90"]},{"offer_id":"welcome_back","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"high_value\")"]},{"offer_id":"referred_welcome","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"high_value\")","false: context.referrer in (\"running-club.example\", \"garden-club.example\") (nothing)"]}],"reassurance":[{"offer_id":"trust_signals","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"high_value\")"]}],"account":[{"offer_id":"guest_checkout","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"first_time_visitor\" in segments (\"abandoned_cart\", \"high_value\")"]}],"loyalty":[{"offer_id":"loyalty_status_top","offer_version":1,"eligible":false,"chosen":false,"why":["false: traits.loyalty_tier == \"platinum\" (\"gold\")"]},{"offer_id":"loyalty_status","offer_version":1,"eligible":true,"chosen":true,"why":["no rule: everybody recognised as verified"]},{"offer_id":"join_loyalty","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"returning_one_time_buyer\" in segments (\"abandoned_cart\", \"high_value\")","true: traits.loyalty_enrolled == True (yes)"]}],"payment":[{"offer_id":"mobile_wallet","offer_version":1,"eligible":false,"chosen":false,"why":["false: context.device == \"mobile\" (\"desktop\")"]}],"extras":[{"offer_id":"watch_warranty","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"outdoor\")","false: basket_value(\"USD\") >= 100 (79.00 USD)"]},{"offer_id":"watch_strap","offer_version":1,"eligible":false,"chosen":false,"why":["false: \"running watch\" in context.categories (\"outdoor\")"]}],"service":[{"offer_id":"priority_contact","offer_version":1,"eligible":true,"chosen":true,"why":["true: \"high_value\" in segments (\"abandoned_cart\", \"high_value\")"]}]},"request":{"identifiers":["user_id:debc304d74eb2c31c2e3c09984fda09f","loyalty_id:19dbb567457fff88c4aa50adf171f32c"],"authenticated":true,"context":{"items":[{"sku":"poles-trek","category":"outdoor","quantity":1,"price":7900}],"value":7900,"currency":"USD","device":"desktop","language":"en"},"at_least":{},"deadline_ms":10000}}','{"correlation_id":"standalone_rpc_proxy.call.ef062042-dd0a-4878-b39a-f621b800caf0","profile_id":"01a2182e-014c-7611-b0cb-d7a175dd1b2a"}',899254800000000,899254800000000);
CREATE TABLE identifiers (
	"key" TEXT NOT NULL, 
	stream_id TEXT NOT NULL, 
	tenure INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	assurance TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "identifiers" VALUES('anonymous_id:448c09935744f6c7b307ebd00179a2d2','01a2182d-fb82-7679-b8eb-a4bed60c324e',1,1,'device');
INSERT INTO "identifiers" VALUES('email:4b7fb37daabae34f8ba3a6220e4584bd','01a2182d-fb82-7679-b8eb-a4bfe0a27b6a',1,2,'verified');
INSERT INTO "identifiers" VALUES('email:7854a646ea13d142979910729440b814','01a2182d-fb93-7611-9d29-c1bb08b1649e',1,1,'claimed');
INSERT INTO "identifiers" VALUES('anonymous_id:00d48f5f9d51529683ef02cbdc5f54e4','01a2182d-fb9e-75e3-87a0-382e0e2c8a8c',1,1,'device');
INSERT INTO "identifiers" VALUES('anonymous_id:c0d05291ee9d07dbbd8c78cdb9360919','01a2182d-fbbb-740a-8576-4f39ff30854c',1,1,'device');
INSERT INTO "identifiers" VALUES('user_id:49a145b9b1a827e9d8b745b889599e2b','01a2182d-fb9e-75e3-87a0-382d9418b5af',1,1,'verified');
INSERT INTO "identifiers" VALUES('user_id:f860377d107af1354f951ae25b6f98ce','01a2182d-fbbb-740a-8576-4f38c4ca883d',1,2,'verified');
INSERT INTO "identifiers" VALUES('email:105adf7a9ad6d0067fdd9cafb7935e58','01a2182d-fbd6-72ca-8a14-50c8190f62a4',1,1,'verified');
INSERT INTO "identifiers" VALUES('email:a75f29bfb2c8cd4bfc5f85f4a95a253b','01a2182d-fbe7-70c8-aa6e-60c48422ddb2',1,1,'verified');
INSERT INTO "identifiers" VALUES('user_id:c2c46b34906c12ca9b9da08c62d40ae1','01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',1,1,'verified');
INSERT INTO "identifiers" VALUES('email:f89de79bf2a225ddc977322e48abbac6','01a2182d-fc00-7117-a61d-d9ae2aea4529',1,1,'verified');
INSERT INTO "identifiers" VALUES('email:7d63d135f036322a81085718244d1a19','01a2182d-fc13-72fb-8f1d-54c55af74a6e',1,1,'verified');
INSERT INTO "identifiers" VALUES('email:35027343718316219d3e336134bfc5cf','01a2182d-fc2c-7776-b61a-806c0d4c7cf7',1,1,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:c008948f843165c2e210cc6e044afc1d','01a2182d-fc5c-73f4-980d-cd11f5bb2218',1,1,'device');
INSERT INTO "identifiers" VALUES('user_id:baae535e41ea65fe8fc94d4a3ad76c64','01a2182d-fc5c-73f4-980d-cd10e7b2514e',1,2,'verified');
INSERT INTO "identifiers" VALUES('device_id:c5b4b88bb5c775d27ecf001b9c5f5f5e','01a2182d-fc82-71a3-bd18-a58f7da40cdc',1,3,'device');
INSERT INTO "identifiers" VALUES('phone:bdd7ea6ce83bec65602ee8c8dbf07733','01a2182d-fc95-7205-8f14-c32eda95da53',1,2,'claimed');
INSERT INTO "identifiers" VALUES('anonymous_id:fc986f9d20c6b3d56665d69a6e49ca7d','01a2182d-fce8-70cb-a96a-34128ebf3877',1,1,'device');
INSERT INTO "identifiers" VALUES('email:8c3717246702959bbd8bfdc66e765017','01a2182d-fce8-70cb-a96a-34113c74739a',1,3,'verified');
INSERT INTO "identifiers" VALUES('user_id:ea10d5c26ab1fb4709bb1de07521887c','01a2182d-fce8-70cb-a96a-341092d59cb6',1,2,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:9916efafca24402a8f4b2e58922e1924','01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',1,1,'device');
INSERT INTO "identifiers" VALUES('anonymous_id:e3c1ecf8c553e9354f1b772e41e8c383','01a2182d-fd15-76cb-b5a6-5968bb777075',1,2,'device');
INSERT INTO "identifiers" VALUES('anonymous_id:11e85a246ba50a6e14135fcaacf1768a','01a2182d-fd2b-7779-9079-038fcd3f63dc',1,1,'device');
INSERT INTO "identifiers" VALUES('anonymous_id:74005fa632a0d530480689b0986efaf2','01a2182d-fd33-77cc-bb47-d13c83a5f302',1,1,'device');
INSERT INTO "identifiers" VALUES('loyalty_id:6e489e9e51cdd67a897bb809af04dab4','01a2182d-fd4a-70b7-8040-f3ee4013f867',1,1,'verified');
INSERT INTO "identifiers" VALUES('device_id:603a0964788ddd0e066c357c360ba7d5','01a2182d-fe17-75b4-838b-f98f22f044a4',6,1,'device');
INSERT INTO "identifiers" VALUES('email:6a43de361511a38646858873b2896897','01a2182d-fdaa-73ab-8085-254ea8f22a75',1,1,'verified');
INSERT INTO "identifiers" VALUES('user_id:9cb58c922a4c321cc9f3a3a388db455a','01a2182d-fdaa-73ab-8085-254d15545f5e',1,1,'verified');
INSERT INTO "identifiers" VALUES('user_id:fe2ec4eb9609b133655e537641a479a0','01a2182d-fdd0-7796-be20-9e64b48d184a',1,1,'verified');
INSERT INTO "identifiers" VALUES('user_id:0b1fdeb9fb85ba52724fbfcacb4a544e','01a2182d-fdfe-759f-b25c-7566d5f26385',1,1,'verified');
INSERT INTO "identifiers" VALUES('device_id:e66130a777dac0dd4d70078ecd497ccc','01a2182d-fe44-72cd-a9a0-44acead12706',1,1,'device');
INSERT INTO "identifiers" VALUES('email:ef55b0ecfa8f4e369b44b7a3c7a943c3','01a2182d-fe4e-7189-b10a-12f9ab372beb',1,2,'verified');
INSERT INTO "identifiers" VALUES('user_id:17f324b55d65ec6ebd7e78f1e1d5b140','01a2182d-fe5c-74a3-a852-5a403a964b16',1,1,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:e68daead29807170393545f68e501b0a','01a2182d-fef0-7124-b7eb-5be658b40a0e',1,2,'claimed');
INSERT INTO "identifiers" VALUES('email:6024f4631cc6969bde1d829dcaf5bb04','01a2182d-fef8-747e-bc2d-604c9329b2cf',1,2,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:cac3241480b0125254690d72ad928170','01a2182d-ff0b-73e9-8f15-905d1259d894',1,1,'device');
INSERT INTO "identifiers" VALUES('user_id:86658d7832f2eef51bbc942d40a2c635','01a2182d-ff0b-73e9-8f15-905cbf5b9da4',1,1,'verified');
INSERT INTO "identifiers" VALUES('phone:ddd33f3089810c21db0cc7585c1356f9','01a2182d-ff28-75f9-b93a-0e5a9f9d683e',1,1,'verified');
INSERT INTO "identifiers" VALUES('user_id:4325ceee0d3784b1a02f60dec37a6582','01a2182d-ff28-75f9-b93a-0e59e780fb6c',1,1,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:34b19872d3074c89f4b38c47a5f5f38c','01a2182e-014c-7611-b0cb-d7a4969412d9',1,1,'device');
INSERT INTO "identifiers" VALUES('anonymous_id:beaba30196e433c524391c0c3663d2a9','01a2182e-014c-7611-b0cb-d7a0240577c8',1,2,'device');
INSERT INTO "identifiers" VALUES('anonymous_id:c61502bcbba50dd7bf4346a5f68bec1e','01a2182e-014c-7611-b0cb-d79cac7968ff',1,1,'device');
INSERT INTO "identifiers" VALUES('email:4ec43c0dd0a8a2b99cf44e67563317c3','01a2182e-014c-7611-b0cb-d79dbe8b41d0',1,1,'claimed');
INSERT INTO "identifiers" VALUES('email:78619bba73713332e7b1225d588c1fb0','01a2182e-014c-7611-b0cb-d79f5aafa49c',1,1,'verified');
INSERT INTO "identifiers" VALUES('email:9137e34ef2527c5d14c23132f3bf2f19','01a2182e-014c-7611-b0cb-d7a6c68b6089',1,1,'verified');
INSERT INTO "identifiers" VALUES('email:dbf4bf1f656e0ec3faee0c7ff4b746ef','01a2182e-014c-7611-b0cb-d7a3003ca9c7',1,1,'verified');
INSERT INTO "identifiers" VALUES('loyalty_id:19dbb567457fff88c4aa50adf171f32c','01a2182e-014c-7611-b0cb-d7a2788facb4',1,1,'verified');
INSERT INTO "identifiers" VALUES('user_id:7df526ee5f76dabe5884e9b1a7f7528a','01a2182e-014c-7611-b0cb-d7a5b08a8a5b',1,1,'verified');
INSERT INTO "identifiers" VALUES('user_id:81364414f08d786c31374d0df274e553','01a2182e-014c-7611-b0cb-d79eb5fb1a20',1,1,'verified');
INSERT INTO "identifiers" VALUES('user_id:debc304d74eb2c31c2e3c09984fda09f','01a2182e-014c-7611-b0cb-d7a175dd1b2a',1,1,'verified');
CREATE TABLE labels (
	stream_id TEXT NOT NULL, 
	profile_id TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	PRIMARY KEY (stream_id)
);
INSERT INTO "labels" VALUES('01a2182d-fb82-7679-b8eb-a4bed60c324e','01a2182d-fb82-7679-b8eb-a4bed60c324e',1);
INSERT INTO "labels" VALUES('01a2182d-fb82-7679-b8eb-a4bfe0a27b6a','01a2182d-fb82-7679-b8eb-a4bfe0a27b6a',2);
INSERT INTO "labels" VALUES('01a2182d-fb93-7611-9d29-c1bb08b1649e','01a2182d-fb82-7679-b8eb-a4bed60c324e',1);
INSERT INTO "labels" VALUES('01a2182d-fb9e-75e3-87a0-382d9418b5af','01a2182d-fb82-7679-b8eb-a4bfe0a27b6a',1);
INSERT INTO "labels" VALUES('01a2182d-fb9e-75e3-87a0-382e0e2c8a8c','01a2182d-fb82-7679-b8eb-a4bfe0a27b6a',1);
INSERT INTO "labels" VALUES('01a2182d-fbbb-740a-8576-4f38c4ca883d','01a2182d-fbbb-740a-8576-4f38c4ca883d',2);
INSERT INTO "labels" VALUES('01a2182d-fbbb-740a-8576-4f39ff30854c','01a2182d-fbbb-740a-8576-4f38c4ca883d',1);
INSERT INTO "labels" VALUES('01a2182d-fbd6-72ca-8a14-50c72ea1e3d6','01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',1);
INSERT INTO "labels" VALUES('01a2182d-fbd6-72ca-8a14-50c8190f62a4','01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',1);
INSERT INTO "labels" VALUES('01a2182d-fbe7-70c8-aa6e-60c48422ddb2','01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',1);
INSERT INTO "labels" VALUES('01a2182d-fc00-7117-a61d-d9ae2aea4529','01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',1);
INSERT INTO "labels" VALUES('01a2182d-fc13-72fb-8f1d-54c55af74a6e','01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',1);
INSERT INTO "labels" VALUES('01a2182d-fc2c-7776-b61a-806c0d4c7cf7','01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',1);
INSERT INTO "labels" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e','01a2182d-fc5c-73f4-980d-cd10e7b2514e',2);
INSERT INTO "labels" VALUES('01a2182d-fc5c-73f4-980d-cd11f5bb2218','01a2182d-fc5c-73f4-980d-cd10e7b2514e',1);
INSERT INTO "labels" VALUES('01a2182d-fc82-71a3-bd18-a58f7da40cdc','01a2182d-fc82-71a3-bd18-a58f7da40cdc',3);
INSERT INTO "labels" VALUES('01a2182d-fc95-7205-8f14-c32eda95da53','01a2182d-fc5c-73f4-980d-cd10e7b2514e',2);
INSERT INTO "labels" VALUES('01a2182d-fce8-70cb-a96a-341092d59cb6','01a2182d-fce8-70cb-a96a-341092d59cb6',2);
INSERT INTO "labels" VALUES('01a2182d-fce8-70cb-a96a-34113c74739a','01a2182d-fce8-70cb-a96a-341092d59cb6',3);
INSERT INTO "labels" VALUES('01a2182d-fce8-70cb-a96a-34128ebf3877','01a2182d-fce8-70cb-a96a-341092d59cb6',1);
INSERT INTO "labels" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c','01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',1);
INSERT INTO "labels" VALUES('01a2182d-fd15-76cb-b5a6-5968bb777075','01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',2);
INSERT INTO "labels" VALUES('01a2182d-fd2b-7779-9079-038fcd3f63dc','01a2182d-fd2b-7779-9079-038fcd3f63dc',1);
INSERT INTO "labels" VALUES('01a2182d-fd33-77cc-bb47-d13c83a5f302','01a2182d-fd33-77cc-bb47-d13c83a5f302',1);
INSERT INTO "labels" VALUES('01a2182d-fd4a-70b7-8040-f3ee4013f867','01a2182d-fd4a-70b7-8040-f3ee4013f867',1);
INSERT INTO "labels" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e','01a2182d-fdaa-73ab-8085-254d15545f5e',1);
INSERT INTO "labels" VALUES('01a2182d-fdaa-73ab-8085-254ea8f22a75','01a2182d-fdaa-73ab-8085-254d15545f5e',1);
INSERT INTO "labels" VALUES('01a2182d-fdaa-73ab-8085-254fff6b24f0','01a2182d-fdaa-73ab-8085-254d15545f5e',1);
INSERT INTO "labels" VALUES('01a2182d-fdc3-7270-81ee-e69b83828acc','01a2182d-fdc3-7270-81ee-e69b83828acc',1);
INSERT INTO "labels" VALUES('01a2182d-fdd0-7796-be20-9e64b48d184a','01a2182d-fdd0-7796-be20-9e64b48d184a',1);
INSERT INTO "labels" VALUES('01a2182d-fdd0-7796-be20-9e65898e80af','01a2182d-fdd0-7796-be20-9e64b48d184a',1);
INSERT INTO "labels" VALUES('01a2182d-fde7-77af-8180-79e566e10ac1','01a2182d-fde7-77af-8180-79e566e10ac1',1);
INSERT INTO "labels" VALUES('01a2182d-fdfe-759f-b25c-7566d5f26385','01a2182d-fdfe-759f-b25c-7566d5f26385',1);
INSERT INTO "labels" VALUES('01a2182d-fdfe-759f-b25c-7567602f6c5b','01a2182d-fdfe-759f-b25c-7566d5f26385',1);
INSERT INTO "labels" VALUES('01a2182d-fe17-75b4-838b-f98f22f044a4','01a2182d-fdaa-73ab-8085-254d15545f5e',1);
INSERT INTO "labels" VALUES('01a2182d-fe44-72cd-a9a0-44acead12706','01a2182d-fe44-72cd-a9a0-44acead12706',1);
INSERT INTO "labels" VALUES('01a2182d-fe4e-7189-b10a-12f9ab372beb','01a2182d-fe44-72cd-a9a0-44acead12706',2);
INSERT INTO "labels" VALUES('01a2182d-fe5c-74a3-a852-5a403a964b16','01a2182d-fe44-72cd-a9a0-44acead12706',1);
INSERT INTO "labels" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e','01a2182d-fef0-7124-b7eb-5be658b40a0e',2);
INSERT INTO "labels" VALUES('01a2182d-fef8-747e-bc2d-604c9329b2cf','01a2182d-fef0-7124-b7eb-5be658b40a0e',2);
INSERT INTO "labels" VALUES('01a2182d-ff0b-73e9-8f15-905cbf5b9da4','01a2182d-fef0-7124-b7eb-5be658b40a0e',1);
INSERT INTO "labels" VALUES('01a2182d-ff0b-73e9-8f15-905d1259d894','01a2182d-fef0-7124-b7eb-5be658b40a0e',1);
INSERT INTO "labels" VALUES('01a2182d-ff28-75f9-b93a-0e59e780fb6c','01a2182d-ff28-75f9-b93a-0e59e780fb6c',1);
INSERT INTO "labels" VALUES('01a2182d-ff28-75f9-b93a-0e5a9f9d683e','01a2182d-ff28-75f9-b93a-0e59e780fb6c',1);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d79cac7968ff','01a2182e-014c-7611-b0cb-d79cac7968ff',1);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d79dbe8b41d0','01a2182e-014c-7611-b0cb-d79cac7968ff',1);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d79eb5fb1a20','01a2182e-014c-7611-b0cb-d79eb5fb1a20',1);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d79f5aafa49c','01a2182e-014c-7611-b0cb-d79eb5fb1a20',1);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d7a0240577c8','01a2182e-014c-7611-b0cb-d79eb5fb1a20',2);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d7a175dd1b2a','01a2182e-014c-7611-b0cb-d7a175dd1b2a',1);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d7a2788facb4','01a2182e-014c-7611-b0cb-d7a175dd1b2a',1);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d7a3003ca9c7','01a2182e-014c-7611-b0cb-d7a175dd1b2a',1);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d7a4969412d9','01a2182e-014c-7611-b0cb-d7a4969412d9',1);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d7a5b08a8a5b','01a2182e-014c-7611-b0cb-d7a5b08a8a5b',1);
INSERT INTO "labels" VALUES('01a2182e-014c-7611-b0cb-d7a6c68b6089','01a2182e-014c-7611-b0cb-d7a5b08a8a5b',1);
CREATE TABLE memberships (
	profile_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	segments JSON NOT NULL, 
	as_of JSON NOT NULL, 
	PRIMARY KEY (profile_id)
);
INSERT INTO "memberships" VALUES('01a2182d-fb82-7679-b8eb-a4bed60c324e',1,'{"first_time_visitor":898776000000000}','{"01a2182d-fb82-7679-b8eb-a4bed60c324e":2,"01a2182d-fb82-7679-b8eb-a4bfe0a27b6a":1}');
INSERT INTO "memberships" VALUES('01a2182d-fb82-7679-b8eb-a4bfe0a27b6a',1,'{"first_time_visitor":898776000000000}','{"01a2182d-fb82-7679-b8eb-a4bfe0a27b6a":2,"01a2182d-fb9e-75e3-87a0-382d9418b5af":2,"01a2182d-fb9e-75e3-87a0-382e0e2c8a8c":1}');
INSERT INTO "memberships" VALUES('01a2182d-fbbb-740a-8576-4f38c4ca883d',1,'{"first_time_visitor":898776000000000}','{"01a2182d-fbbb-740a-8576-4f38c4ca883d":2,"01a2182d-fbbb-740a-8576-4f39ff30854c":1}');
INSERT INTO "memberships" VALUES('01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',2,'{"first_time_visitor":898776000000000,"newsletter_reader":898776000000000}','{"01a2182d-fbd6-72ca-8a14-50c72ea1e3d6":7,"01a2182d-fbd6-72ca-8a14-50c8190f62a4":1,"01a2182d-fbe7-70c8-aa6e-60c48422ddb2":1,"01a2182d-fc00-7117-a61d-d9ae2aea4529":1,"01a2182d-fc13-72fb-8f1d-54c55af74a6e":1,"01a2182d-fc2c-7776-b61a-806c0d4c7cf7":1}');
INSERT INTO "memberships" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e',6,'{}','{"01a2182d-fc5c-73f4-980d-cd10e7b2514e":6,"01a2182d-fc5c-73f4-980d-cd11f5bb2218":1,"01a2182d-fc95-7205-8f14-c32eda95da53":2}');
INSERT INTO "memberships" VALUES('01a2182d-fc82-71a3-bd18-a58f7da40cdc',3,'{"returning_one_time_buyer":898776000000000}','{"01a2182d-fc82-71a3-bd18-a58f7da40cdc":5}');
INSERT INTO "memberships" VALUES('01a2182d-fce8-70cb-a96a-341092d59cb6',1,'{"first_time_visitor":898776000000000}','{"01a2182d-fce8-70cb-a96a-341092d59cb6":2,"01a2182d-fce8-70cb-a96a-34113c74739a":1,"01a2182d-fce8-70cb-a96a-34128ebf3877":1}');
INSERT INTO "memberships" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',4,'{"high_value":898776000000000,"returning_one_time_buyer":898776000000000}','{"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c":2,"01a2182d-fd15-76cb-b5a6-5968bb777075":3}');
INSERT INTO "memberships" VALUES('01a2182d-fd15-76cb-b5a6-5968bb777075',2,'{}','{"01a2182d-fd15-76cb-b5a6-5968bb777075":2}');
INSERT INTO "memberships" VALUES('01a2182d-fd2b-7779-9079-038fcd3f63dc',1,'{"first_time_visitor":898776000000000}','{"01a2182d-fd2b-7779-9079-038fcd3f63dc":2}');
INSERT INTO "memberships" VALUES('01a2182d-fd33-77cc-bb47-d13c83a5f302',1,'{"first_time_visitor":898776000000000}','{"01a2182d-fd33-77cc-bb47-d13c83a5f302":2}');
INSERT INTO "memberships" VALUES('01a2182d-fd4a-70b7-8040-f3ee4013f867',1,'{"first_time_visitor":898776000000000}','{"01a2182d-fd4a-70b7-8040-f3ee4013f867":2}');
INSERT INTO "memberships" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e',4,'{"returning_one_time_buyer":898776000000000,"high_value":898776000000000}','{"01a2182d-fdaa-73ab-8085-254d15545f5e":5,"01a2182d-fdaa-73ab-8085-254ea8f22a75":1,"01a2182d-fdaa-73ab-8085-254fff6b24f0":1,"01a2182d-fe17-75b4-838b-f98f22f044a4":2}');
INSERT INTO "memberships" VALUES('01a2182d-fdc3-7270-81ee-e69b83828acc',1,'{"first_time_visitor":898776000000000}','{"01a2182d-fdc3-7270-81ee-e69b83828acc":1}');
INSERT INTO "memberships" VALUES('01a2182d-fdd0-7796-be20-9e64b48d184a',2,'{"first_time_visitor":898776000000000,"abandoned_cart":898776000000000}','{"01a2182d-fdd0-7796-be20-9e64b48d184a":3,"01a2182d-fdd0-7796-be20-9e65898e80af":2}');
INSERT INTO "memberships" VALUES('01a2182d-fde7-77af-8180-79e566e10ac1',1,'{"first_time_visitor":898776000000000}','{"01a2182d-fde7-77af-8180-79e566e10ac1":1}');
INSERT INTO "memberships" VALUES('01a2182d-fdfe-759f-b25c-7566d5f26385',1,'{"first_time_visitor":898776000000000}','{"01a2182d-fdfe-759f-b25c-7566d5f26385":2,"01a2182d-fdfe-759f-b25c-7567602f6c5b":1}');
INSERT INTO "memberships" VALUES('01a2182d-fe44-72cd-a9a0-44acead12706',2,'{"returning_one_time_buyer":898776000000000,"newsletter_reader":898776000000000}','{"01a2182d-fe44-72cd-a9a0-44acead12706":3,"01a2182d-fe4e-7189-b10a-12f9ab372beb":2,"01a2182d-fe5c-74a3-a852-5a403a964b16":7}');
INSERT INTO "memberships" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',7,'{"first_time_visitor":898776000000000}','{"01a2182d-fef0-7124-b7eb-5be658b40a0e":5,"01a2182d-fef8-747e-bc2d-604c9329b2cf":2,"01a2182d-ff0b-73e9-8f15-905cbf5b9da4":3,"01a2182d-ff0b-73e9-8f15-905d1259d894":1}');
INSERT INTO "memberships" VALUES('01a2182d-ff28-75f9-b93a-0e59e780fb6c',2,'{}','{"01a2182d-ff28-75f9-b93a-0e59e780fb6c":4,"01a2182d-ff28-75f9-b93a-0e5a9f9d683e":1}');
INSERT INTO "memberships" VALUES('01a2182d-fce8-70cb-a96a-34113c74739a',2,'{}','{"01a2182d-fce8-70cb-a96a-34113c74739a":2}');
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d79cac7968ff',2,'{"first_time_visitor":899251200000000,"abandoned_cart":899253240000000}','{"01a2182e-014c-7611-b0cb-d79cac7968ff":4,"01a2182e-014c-7611-b0cb-d79dbe8b41d0":1}');
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d79eb5fb1a20',2,'{"returning_one_time_buyer":899251200000000,"abandoned_cart":899253720000000}','{"01a2182e-014c-7611-b0cb-d79eb5fb1a20":4,"01a2182e-014c-7611-b0cb-d79f5aafa49c":1,"01a2182e-014c-7611-b0cb-d7a0240577c8":4}');
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d7a175dd1b2a',2,'{"high_value":899251200000000,"abandoned_cart":899254200000000}','{"01a2182e-014c-7611-b0cb-d7a175dd1b2a":22,"01a2182e-014c-7611-b0cb-d7a2788facb4":1,"01a2182e-014c-7611-b0cb-d7a3003ca9c7":1}');
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d7a4969412d9',2,'{"first_time_visitor":899251200000000,"abandoned_cart":899254440000000}','{"01a2182e-014c-7611-b0cb-d7a4969412d9":4}');
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d7a5b08a8a5b',2,'{"abandoned_cart":899251200000000,"first_time_visitor":899251200000000}','{"01a2182e-014c-7611-b0cb-d7a5b08a8a5b":3,"01a2182e-014c-7611-b0cb-d7a6c68b6089":1}');
CREATE TABLE outbox (
	id TEXT NOT NULL, 
	refs JSON NOT NULL, 
	claimed_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE positions (
	source TEXT NOT NULL, 
	stream_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	seen INTEGER NOT NULL, 
	halted BOOLEAN NOT NULL, 
	PRIMARY KEY (source, stream_id)
);
INSERT INTO "positions" VALUES('profiles','01a2182d-fb82-7679-b8eb-a4bed60c324e',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fb82-7679-b8eb-a4bfe0a27b6a',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fb93-7611-9d29-c1bb08b1649e',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fb82-7679-b8eb-a4bed60c324e',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fb9e-75e3-87a0-382d9418b5af',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fb9e-75e3-87a0-382e0e2c8a8c',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fbbb-740a-8576-4f38c4ca883d',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fbbb-740a-8576-4f39ff30854c',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fb82-7679-b8eb-a4bfe0a27b6a',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fbbb-740a-8576-4f38c4ca883d',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',7,7,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fbd6-72ca-8a14-50c8190f62a4',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fbe7-70c8-aa6e-60c48422ddb2',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc00-7117-a61d-d9ae2aea4529',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc13-72fb-8f1d-54c55af74a6e',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc2c-7776-b61a-806c0d4c7cf7',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc5c-73f4-980d-cd10e7b2514e',6,6,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc5c-73f4-980d-cd11f5bb2218',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fc5c-73f4-980d-cd10e7b2514e',6,6,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc82-71a3-bd18-a58f7da40cdc',5,5,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc95-7205-8f14-c32eda95da53',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fc82-71a3-bd18-a58f7da40cdc',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fce8-70cb-a96a-341092d59cb6',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fce8-70cb-a96a-34113c74739a',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fce8-70cb-a96a-34128ebf3877',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fce8-70cb-a96a-341092d59cb6',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',3,3,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fd15-76cb-b5a6-5968bb777075',3,3,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fd15-76cb-b5a6-5968bb777075',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fd2b-7779-9079-038fcd3f63dc',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fd33-77cc-bb47-d13c83a5f302',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fd2b-7779-9079-038fcd3f63dc',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fd33-77cc-bb47-d13c83a5f302',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fd4a-70b7-8040-f3ee4013f867',5,5,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fd4a-70b7-8040-f3ee4013f867',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdaa-73ab-8085-254d15545f5e',5,5,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdaa-73ab-8085-254ea8f22a75',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdaa-73ab-8085-254fff6b24f0',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fdaa-73ab-8085-254d15545f5e',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdc3-7270-81ee-e69b83828acc',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fdc3-7270-81ee-e69b83828acc',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdd0-7796-be20-9e64b48d184a',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdd0-7796-be20-9e65898e80af',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fde7-77af-8180-79e566e10ac1',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fdd0-7796-be20-9e64b48d184a',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fde7-77af-8180-79e566e10ac1',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdfe-759f-b25c-7566d5f26385',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdfe-759f-b25c-7567602f6c5b',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fe17-75b4-838b-f98f22f044a4',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fdfe-759f-b25c-7566d5f26385',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fe44-72cd-a9a0-44acead12706',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fe4e-7189-b10a-12f9ab372beb',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fe44-72cd-a9a0-44acead12706',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fe5c-74a3-a852-5a403a964b16',7,7,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fef0-7124-b7eb-5be658b40a0e',5,5,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fef8-747e-bc2d-604c9329b2cf',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fef0-7124-b7eb-5be658b40a0e',7,7,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-ff0b-73e9-8f15-905cbf5b9da4',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-ff0b-73e9-8f15-905d1259d894',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-ff28-75f9-b93a-0e59e780fb6c',6,6,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-ff28-75f9-b93a-0e5a9f9d683e',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182d-ff28-75f9-b93a-0e59e780fb6c',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182d-fce8-70cb-a96a-34113c74739a',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d79cac7968ff',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d79dbe8b41d0',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d79eb5fb1a20',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d79f5aafa49c',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a0240577c8',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a175dd1b2a',22,22,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a2788facb4',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a3003ca9c7',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a4969412d9',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a5b08a8a5b',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a6c68b6089',1,1,0);
INSERT INTO "positions" VALUES('segments','01a2182e-014c-7611-b0cb-d79cac7968ff',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182e-014c-7611-b0cb-d79eb5fb1a20',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182e-014c-7611-b0cb-d7a175dd1b2a',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182e-014c-7611-b0cb-d7a4969412d9',2,2,0);
INSERT INTO "positions" VALUES('segments','01a2182e-014c-7611-b0cb-d7a5b08a8a5b',2,2,0);
CREATE TABLE reconciled (
	source TEXT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (source)
);
CREATE TABLE streams (
	stream_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (stream_id)
);
INSERT INTO "streams" VALUES('01a2182e-0457-772a-a896-eb2c1dfb24f6',1,899254802745184);
INSERT INTO "streams" VALUES('01a2182e-0462-71ec-b43f-51cf9828f7a7',1,899254802753457);
INSERT INTO "streams" VALUES('01a2182e-0466-7067-8b14-e262899201f1',1,899254802757245);
CREATE TABLE summaries (
	stream_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	summary JSON NOT NULL, 
	PRIMARY KEY (stream_id)
);
INSERT INTO "summaries" VALUES('01a2182d-fd4a-70b7-8040-f3ee4013f867',5,'{"types":{"loyalty_enrolled":[1,897984000000000,[897984000000000]],"loyalty_points_changed":[2,897984060000000,[897984060000000,898070400000000]],"loyalty_tier_changed":[1,897984120000000,[897984120000000]]},"traits":{"loyalty_enrolled":[897984000000000,"kai-1",true],"loyalty_tier":[897984120000000,"kai-3","silver"]},"points":450}');
INSERT INTO "summaries" VALUES('01a2182d-fdd0-7796-be20-9e64b48d184a',4,'{"types":{"traits_changed":[1,898452000000000,[898452000000000]]},"traits":{"first_name":[898452000000000,"ben-4","Ben"]}}');
INSERT INTO "summaries" VALUES('01a2182d-fe5c-74a3-a852-5a403a964b16',7,'{"types":{"traits_changed":[2,898509600000000,[898509600000000,898596000000000]],"consent_changed":[2,898596060000000,[898596060000000,898682460000000]]},"traits":{"first_name":[898509600000000,"nora-5","Nóra"],"city":[898596000000000,"nora-6",null],"sizes":[898509600000000,"nora-5",{"shoe":39}],"newsletter":[898596000000000,"nora-6",true]},"consent":{"email":[898682460000000,"nora-8",false],"sms":[898596060000000,"nora-7",false]}}');
INSERT INTO "summaries" VALUES('01a2182e-014c-7611-b0cb-d7a175dd1b2a',21,'{"types":{"loyalty_enrolled":[1,878464800000000,[878464800000000]],"traits_changed":[1,878464860000000,[878464860000000]],"consent_changed":[1,878464920000000,[878464920000000]],"loyalty_points_changed":[8,894471660000000,[894471660000000,895162860000000,895940460000000,896545260000000,897150060000000,897754860000000,898359660000000,898964460000000]],"loyalty_tier_changed":[1,897150300000000,[897150300000000]]},"traits":{"loyalty_enrolled":[878464800000000,"grace-1",true],"loyalty_tier":[897150300000000,"grace-14","gold"],"first_name":[878464860000000,"grace-2","Grace"],"language":[878464860000000,"grace-2","en"]},"consent":{"email":[878464920000000,"grace-3",true]},"points":1175}');
CREATE INDEX streams_by_change ON streams (changed_at, stream_id);
CREATE INDEX ix_outbox_claimed_at ON outbox (claimed_at);
CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only: UPDATE refused'); END;
CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only: DELETE refused'); END;
CREATE INDEX positions_behind ON positions (source, stream_id) WHERE seen > version;
CREATE INDEX ix_labels_profile_id ON labels (profile_id);
CREATE INDEX ix_identifiers_stream_id ON identifiers (stream_id);
COMMIT;
