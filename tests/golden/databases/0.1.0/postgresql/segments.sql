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

CREATE TABLE public.definitions (
    generation integer NOT NULL,
    id text NOT NULL,
    segment text NOT NULL,
    version integer NOT NULL,
    rule text NOT NULL,
    description text NOT NULL,
    origin text NOT NULL,
    defined_at bigint NOT NULL
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
    segment text NOT NULL,
    since bigint NOT NULL,
    definition_version integer NOT NULL
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

CREATE TABLE public.profiles (
    profile_id text NOT NULL,
    next_at bigint,
    generation integer NOT NULL
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

INSERT INTO public.dead_letters VALUES ('01a2182e-42d7-77fb-b1cc-2e639aec579e', 'profiles', '["01a2182e-2a8a-751b-aa7a-b745794c07ca"]', 4, 'lena-3', 'order_completed', 'Refused: order_completed: cannot be applied by the release that made this database', 899254800000000, NULL);

INSERT INTO public.definitions VALUES (1, '01a2182e-209c-717b-82b7-e4450c6b76b0', 'first_time_visitor', 1, 'orders() == 0', 'Has no order yet.', 'file', 898776000000000);
INSERT INTO public.definitions VALUES (2, '01a2182e-209c-717b-82b7-e446ece66bc3', 'returning_one_time_buyer', 1, 'orders() == 1', 'Has bought exactly once.', 'file', 898776000000000);
INSERT INTO public.definitions VALUES (3, '01a2182e-209c-717b-82b7-e447e4d74438', 'frequent_buyer', 1, 'orders(within="60d") > 5', 'Has bought more than five times in the last 60 days.', 'file', 898776000000000);
INSERT INTO public.definitions VALUES (4, '01a2182e-209c-717b-82b7-e4484603df55', 'high_value', 1, 'revenue("USD") >= 500', 'Has spent 500 USD or more, net of refunds.', 'file', 898776000000000);
INSERT INTO public.definitions VALUES (5, '01a2182e-209c-717b-82b7-e449d4a4ec7f', 'abandoned_cart', 1, 'cart_items() > 0
and "1h" <= since_last("cart_updated") < "30d"
and (never("order_completed") or last("order_completed") < last("cart_updated"))
', 'Left a cart with something in it between an hour and 30 days ago, and has not ordered since.', 'file', 898776000000000);
INSERT INTO public.definitions VALUES (6, '01a2182e-27bf-70c9-b7ec-c803709bc8f1', 'high_value', 2, 'revenue("USD") >= 100', 'Has spent 100 USD or more, net of refunds.', 'defined', 898776000000000);
INSERT INTO public.definitions VALUES (7, '01a2182e-27d5-7386-aa0e-f3f0f6a2a999', 'newsletter_reader', 1, 'count("newsletter_opened", within="30d") >= 3
or traits.newsletter == True', 'Reads what we write: opened three issues in 30 days, or asked for it.', 'defined', 898776000000000);
INSERT INTO public.definitions VALUES (8, '01a2182e-27e3-7605-97d3-6530512d4c95', 'frequent_buyer', 2, 'False', 'No longer in use.', 'defined', 898776000000000);

INSERT INTO public.events VALUES ('01a2182e-204b-7255-b9bf-f3e64eae4605', 1, '9e84cc23-1854-559f-a393-cdd2d4165a57', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-204b-7255-b9bf-f3e64eae4605","definition_version":1,"reason":"event","as_of":{"01a2182e-204b-7255-b9bf-f3e64eae4605":2,"01a2182e-204b-7255-b9bf-f3e7532c30be":1}}', '{"profile_id":"01a2182e-204b-7255-b9bf-f3e64eae4605"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-204b-7255-b9bf-f3e7532c30be', 1, '224d7d91-5d5c-5ea8-8280-68f1735c06fb', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-204b-7255-b9bf-f3e7532c30be","definition_version":1,"reason":"merge","as_of":{"01a2182e-204b-7255-b9bf-f3e7532c30be":2,"01a2182e-20b6-729c-857a-220a6d8e500c":2,"01a2182e-20b6-729c-857a-220bc6afb3be":1}}', '{"profile_id":"01a2182e-204b-7255-b9bf-f3e7532c30be"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-20d1-72aa-bb40-8d5ec8d124db', 1, 'bb129a0a-2191-5397-93ad-0b2cbac2863f', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-20d1-72aa-bb40-8d5ec8d124db","definition_version":1,"reason":"event","as_of":{"01a2182e-20d1-72aa-bb40-8d5ec8d124db":1,"01a2182e-20d1-72aa-bb40-8d5f941928cf":1}}', '{"profile_id":"01a2182e-20d1-72aa-bb40-8d5ec8d124db"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-210d-7067-b7d0-cae96c081940', 1, '9be8830e-1cec-5dec-b596-59fdc714eea2', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-210d-7067-b7d0-cae96c081940","definition_version":1,"reason":"event","as_of":{"01a2182e-210d-7067-b7d0-cae96c081940":2,"01a2182e-210d-7067-b7d0-caea9f641344":1}}', '{"profile_id":"01a2182e-210d-7067-b7d0-cae96c081940"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-210d-7067-b7d0-cae96c081940', 2, 'd4472328-5c64-590e-90b9-0960c2121830', 'segment_entered', 1, '{"segment":"newsletter_reader","profile_id":"01a2182e-210d-7067-b7d0-cae96c081940","definition_version":1,"reason":"definition","as_of":{"01a2182e-210d-7067-b7d0-cae96c081940":7,"01a2182e-210d-7067-b7d0-caea9f641344":1,"01a2182e-2130-7442-b8e6-140e7f9e1071":1,"01a2182e-2150-76f5-8823-e83afdbbd73c":1,"01a2182e-216c-7487-b660-94be126fa3e2":1,"01a2182e-218b-72b2-8b54-8c727aa73622":1}}', '{"correlation_id":"standalone_rpc_proxy.call.2b108ac0-18c4-4d4e-ba73-d0f964f2d501","profile_id":"01a2182e-210d-7067-b7d0-cae96c081940"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 1, '647b058e-a440-5021-8cc4-eb3c4b4ec1d4', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad","definition_version":1,"reason":"event","as_of":{"01a2182e-21eb-77c9-92c0-cc5d1683e9ad":2,"01a2182e-21eb-77c9-92c0-cc5e810e00fe":1}}', '{"profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 2, '71390ddb-da3c-5dc8-b093-d553bdd732dd', 'segment_exited', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad","definition_version":1,"reason":"event","as_of":{"01a2182e-21eb-77c9-92c0-cc5d1683e9ad":3,"01a2182e-21eb-77c9-92c0-cc5e810e00fe":1}}', '{"profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 3, '0f0fdd3b-aadd-5526-942e-834b5821ff0d', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad","definition_version":1,"reason":"event","as_of":{"01a2182e-21eb-77c9-92c0-cc5d1683e9ad":3,"01a2182e-21eb-77c9-92c0-cc5e810e00fe":1}}', '{"profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 4, '808202f8-6014-52a4-ab6d-ce373242f992', 'segment_exited', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad","definition_version":1,"reason":"merge","as_of":{"01a2182e-21eb-77c9-92c0-cc5d1683e9ad":4,"01a2182e-21eb-77c9-92c0-cc5e810e00fe":1,"01a2182e-2240-76c9-803a-a6f56a1e5314":4,"01a2182e-227c-753a-bb6a-0b23500b2dac":2}}', '{"profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 5, '212f7a90-c228-51be-b4fd-8b85c1019184', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad","definition_version":1,"reason":"merge","as_of":{"01a2182e-21eb-77c9-92c0-cc5d1683e9ad":5,"01a2182e-21eb-77c9-92c0-cc5e810e00fe":1,"01a2182e-227c-753a-bb6a-0b23500b2dac":2}}', '{"profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 6, '933afc9f-f639-5f10-8e18-139492499d29', 'segment_exited', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad","definition_version":1,"reason":"event","as_of":{"01a2182e-21eb-77c9-92c0-cc5d1683e9ad":6,"01a2182e-21eb-77c9-92c0-cc5e810e00fe":1,"01a2182e-227c-753a-bb6a-0b23500b2dac":2}}', '{"profile_id":"01a2182e-21eb-77c9-92c0-cc5d1683e9ad"}', 899251200000000, 899251200000000);
INSERT INTO public.events VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', 1, 'b8be0c5c-a58b-5a96-99bd-5c99883e2f4e', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2240-76c9-803a-a6f56a1e5314","definition_version":1,"reason":"event","as_of":{"01a2182e-2240-76c9-803a-a6f56a1e5314":2}}', '{"profile_id":"01a2182e-2240-76c9-803a-a6f56a1e5314"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', 2, '7b548c36-938f-5004-a5c1-57ba183f0a52', 'segment_exited', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2240-76c9-803a-a6f56a1e5314","definition_version":1,"reason":"event","as_of":{"01a2182e-2240-76c9-803a-a6f56a1e5314":3,"01a2182e-227c-753a-bb6a-0b23500b2dac":1}}', '{"profile_id":"01a2182e-2240-76c9-803a-a6f56a1e5314"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', 3, '49bd1727-b250-5a33-9be5-257c5bce9f4e', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-2240-76c9-803a-a6f56a1e5314","definition_version":1,"reason":"event","as_of":{"01a2182e-2240-76c9-803a-a6f56a1e5314":3,"01a2182e-227c-753a-bb6a-0b23500b2dac":1}}', '{"profile_id":"01a2182e-2240-76c9-803a-a6f56a1e5314"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', 4, 'ddceba9a-4c99-5051-99e3-e8e26b790ddd', 'segment_exited', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-2240-76c9-803a-a6f56a1e5314","definition_version":1,"reason":"merge","as_of":{}}', '{"profile_id":"01a2182e-2240-76c9-803a-a6f56a1e5314"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', 5, 'b348ba4f-9160-5a40-bd67-56142682ac3e', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-2240-76c9-803a-a6f56a1e5314","definition_version":1,"reason":"merge","as_of":{"01a2182e-2240-76c9-803a-a6f56a1e5314":5}}', '{"profile_id":"01a2182e-2240-76c9-803a-a6f56a1e5314"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-22e1-7201-b1f8-90fb549b9b07', 1, 'dc13f5cf-5a6f-5599-aef1-a3436e800e09', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-22e1-7201-b1f8-90fb549b9b07","definition_version":1,"reason":"event","as_of":{"01a2182e-22e1-7201-b1f8-90fb549b9b07":2,"01a2182e-22e1-7201-b1f8-90fcedb1b7ff":1,"01a2182e-22e1-7201-b1f8-90fd02f1e800":1}}', '{"profile_id":"01a2182e-22e1-7201-b1f8-90fb549b9b07"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-22e1-7201-b1f8-90fcedb1b7ff', 1, '0a766ce0-6441-5167-9564-e5da938dfbfb', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-22e1-7201-b1f8-90fcedb1b7ff","definition_version":1,"reason":"merge","as_of":{"01a2182e-22e1-7201-b1f8-90fcedb1b7ff":2}}', '{"profile_id":"01a2182e-22e1-7201-b1f8-90fcedb1b7ff"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-22e1-7201-b1f8-90fcedb1b7ff', 2, '335a988c-f432-5a59-8c89-a7410d20c756', 'segment_exited', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-22e1-7201-b1f8-90fcedb1b7ff","definition_version":1,"reason":"merge","as_of":{}}', '{"profile_id":"01a2182e-22e1-7201-b1f8-90fcedb1b7ff"}', 899251200000000, 899251200000000);
INSERT INTO public.events VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 1, 'b055e56b-d2cf-56f0-a6d9-dec60e0bb6f7', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-22fa-7424-bba8-00a8e2ca0ab1","definition_version":1,"reason":"event","as_of":{"01a2182e-22fa-7424-bba8-00a8e2ca0ab1":2}}', '{"profile_id":"01a2182e-22fa-7424-bba8-00a8e2ca0ab1"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 2, '432ea2c3-fb64-5d0c-b90e-83fc66a09055', 'segment_exited', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-22fa-7424-bba8-00a8e2ca0ab1","definition_version":1,"reason":"merge","as_of":{"01a2182e-22fa-7424-bba8-00a8e2ca0ab1":2,"01a2182e-2311-7500-a20d-a418192cfa87":3}}', '{"profile_id":"01a2182e-22fa-7424-bba8-00a8e2ca0ab1"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 3, 'df8fe0a0-871a-57eb-ac59-1fcbeecdbc6d', 'segment_entered', 1, '{"segment":"high_value","profile_id":"01a2182e-22fa-7424-bba8-00a8e2ca0ab1","definition_version":2,"reason":"merge","as_of":{"01a2182e-22fa-7424-bba8-00a8e2ca0ab1":2,"01a2182e-2311-7500-a20d-a418192cfa87":3}}', '{"profile_id":"01a2182e-22fa-7424-bba8-00a8e2ca0ab1"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 4, 'f6ca5b92-1a11-5f73-aa86-3f3a7f21f0c9', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-22fa-7424-bba8-00a8e2ca0ab1","definition_version":1,"reason":"merge","as_of":{"01a2182e-22fa-7424-bba8-00a8e2ca0ab1":2,"01a2182e-2311-7500-a20d-a418192cfa87":3}}', '{"profile_id":"01a2182e-22fa-7424-bba8-00a8e2ca0ab1"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2311-7500-a20d-a418192cfa87', 1, '9759c227-2aae-5ef2-b874-f2a79ef9e31e', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-2311-7500-a20d-a418192cfa87","definition_version":1,"reason":"event","as_of":{"01a2182e-2311-7500-a20d-a418192cfa87":2}}', '{"profile_id":"01a2182e-2311-7500-a20d-a418192cfa87"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2311-7500-a20d-a418192cfa87', 2, '40234c9d-ed6c-582a-ba65-cea465c71904', 'segment_exited', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-2311-7500-a20d-a418192cfa87","definition_version":1,"reason":"merge","as_of":{}}', '{"profile_id":"01a2182e-2311-7500-a20d-a418192cfa87"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2325-757d-84cb-0f169993c2a4', 1, '0af4674d-3708-5343-b02b-3df44605fdb0', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2325-757d-84cb-0f169993c2a4","definition_version":1,"reason":"event","as_of":{"01a2182e-2325-757d-84cb-0f169993c2a4":2}}', '{"profile_id":"01a2182e-2325-757d-84cb-0f169993c2a4"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-233b-7782-b364-5c834999a935', 1, '47fbc2c0-b544-56ae-8e9b-7355020cfac2', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-233b-7782-b364-5c834999a935","definition_version":1,"reason":"event","as_of":{"01a2182e-233b-7782-b364-5c834999a935":2}}', '{"profile_id":"01a2182e-233b-7782-b364-5c834999a935"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-235b-7380-bb44-e31ced04e88b', 1, '72be7a2e-73ca-59e0-b5e8-e560261a0310', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-235b-7380-bb44-e31ced04e88b","definition_version":1,"reason":"event","as_of":{"01a2182e-235b-7380-bb44-e31ced04e88b":2}}', '{"profile_id":"01a2182e-235b-7380-bb44-e31ced04e88b"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', 1, '10e093b6-8840-506d-9509-9c79df4ebbd5', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-23bd-7566-8417-7d4e84cb4c1d","definition_version":1,"reason":"event","as_of":{"01a2182e-23bd-7566-8417-7d4e84cb4c1d":2,"01a2182e-23bd-7566-8417-7d4fb25211b1":1,"01a2182e-23bd-7566-8417-7d50d28bb1a1":1}}', '{"profile_id":"01a2182e-23bd-7566-8417-7d4e84cb4c1d"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', 2, 'c449607b-1b4f-554c-b2a8-dd971f56acd9', 'segment_exited', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-23bd-7566-8417-7d4e84cb4c1d","definition_version":1,"reason":"event","as_of":{"01a2182e-23bd-7566-8417-7d4e84cb4c1d":3,"01a2182e-23bd-7566-8417-7d4fb25211b1":1,"01a2182e-23bd-7566-8417-7d50d28bb1a1":1}}', '{"profile_id":"01a2182e-23bd-7566-8417-7d4e84cb4c1d"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', 3, 'ecbb3a97-2e6f-5d2b-b001-65ec19af7032', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-23bd-7566-8417-7d4e84cb4c1d","definition_version":1,"reason":"event","as_of":{"01a2182e-23bd-7566-8417-7d4e84cb4c1d":3,"01a2182e-23bd-7566-8417-7d4fb25211b1":1,"01a2182e-23bd-7566-8417-7d50d28bb1a1":1}}', '{"profile_id":"01a2182e-23bd-7566-8417-7d4e84cb4c1d"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', 4, '862260fe-2a8c-5396-858c-aa89f76d1c56', 'segment_entered', 1, '{"segment":"high_value","profile_id":"01a2182e-23bd-7566-8417-7d4e84cb4c1d","definition_version":2,"reason":"definition","as_of":{"01a2182e-23bd-7566-8417-7d4e84cb4c1d":5,"01a2182e-23bd-7566-8417-7d4fb25211b1":1,"01a2182e-23bd-7566-8417-7d50d28bb1a1":1,"01a2182e-24b6-72c4-9f1f-c715fa4acb0b":2}}', '{"correlation_id":"standalone_rpc_proxy.call.2b108ac0-18c4-4d4e-ba73-d0f964f2d501","profile_id":"01a2182e-23bd-7566-8417-7d4e84cb4c1d"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-23ff-741e-8fe8-1b8c1922f38a', 1, '31d9bb19-cca5-5956-8753-4e1f9c61165e', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-23ff-741e-8fe8-1b8c1922f38a","definition_version":1,"reason":"event","as_of":{"01a2182e-23ff-741e-8fe8-1b8c1922f38a":1}}', '{"profile_id":"01a2182e-23ff-741e-8fe8-1b8c1922f38a"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2428-7023-a4c1-72cfb9526969', 1, '3a1f8a1e-5f31-5924-8195-70530b5ed502', 'segment_entered', 1, '{"segment":"abandoned_cart","profile_id":"01a2182e-2428-7023-a4c1-72cfb9526969","definition_version":1,"reason":"event","as_of":{"01a2182e-2428-7023-a4c1-72cfb9526969":2,"01a2182e-2428-7023-a4c1-72d08d98750a":2}}', '{"profile_id":"01a2182e-2428-7023-a4c1-72cfb9526969"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2428-7023-a4c1-72cfb9526969', 2, 'b3e1ced2-5c4d-5fd3-a5e4-10d16b43880f', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2428-7023-a4c1-72cfb9526969","definition_version":1,"reason":"event","as_of":{"01a2182e-2428-7023-a4c1-72cfb9526969":2,"01a2182e-2428-7023-a4c1-72d08d98750a":2}}', '{"profile_id":"01a2182e-2428-7023-a4c1-72cfb9526969"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2467-71d8-a187-7688957c8713', 1, '7625e4dc-94a5-5bbf-adad-07a3e7af288f', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2467-71d8-a187-7688957c8713","definition_version":1,"reason":"event","as_of":{"01a2182e-2467-71d8-a187-7688957c8713":1}}', '{"profile_id":"01a2182e-2467-71d8-a187-7688957c8713"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2498-73fe-b531-2eecbec16fb8', 1, '1c824bb1-67a0-58b0-b9b8-b0b4f10085da', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2498-73fe-b531-2eecbec16fb8","definition_version":1,"reason":"event","as_of":{"01a2182e-2498-73fe-b531-2eecbec16fb8":2,"01a2182e-2498-73fe-b531-2eed5f03eff7":1}}', '{"profile_id":"01a2182e-2498-73fe-b531-2eecbec16fb8"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', 1, 'bd9cad89-a387-5f11-b0f5-53d4052e228a', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-24ee-71af-be50-22a8dea1ad6d","definition_version":1,"reason":"event","as_of":{"01a2182e-24ee-71af-be50-22a8dea1ad6d":2}}', '{"profile_id":"01a2182e-24ee-71af-be50-22a8dea1ad6d"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', 2, '0b3e0e1f-fe10-5d2f-9b82-da193f942bb4', 'segment_exited', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-24ee-71af-be50-22a8dea1ad6d","definition_version":1,"reason":"event","as_of":{"01a2182e-24ee-71af-be50-22a8dea1ad6d":3,"01a2182e-24fd-71f2-aafa-ac271928a80b":1}}', '{"profile_id":"01a2182e-24ee-71af-be50-22a8dea1ad6d"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', 3, 'a5e59eb8-bb7c-52a3-8955-383f2bb49ebd', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-24ee-71af-be50-22a8dea1ad6d","definition_version":1,"reason":"event","as_of":{"01a2182e-24ee-71af-be50-22a8dea1ad6d":3,"01a2182e-24fd-71f2-aafa-ac271928a80b":1}}', '{"profile_id":"01a2182e-24ee-71af-be50-22a8dea1ad6d"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', 4, '08c83003-9762-59b4-b477-6d997edbcc4e', 'segment_entered', 1, '{"segment":"newsletter_reader","profile_id":"01a2182e-24ee-71af-be50-22a8dea1ad6d","definition_version":1,"reason":"definition","as_of":{"01a2182e-24ee-71af-be50-22a8dea1ad6d":3,"01a2182e-24fd-71f2-aafa-ac271928a80b":2,"01a2182e-2518-76ea-b647-48d9b17590f9":7}}', '{"correlation_id":"standalone_rpc_proxy.call.2b108ac0-18c4-4d4e-ba73-d0f964f2d501","profile_id":"01a2182e-24ee-71af-be50-22a8dea1ad6d"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 1, '8cb04d40-d1e1-5bc7-8973-c54d9f976642', 'segment_entered', 1, '{"segment":"abandoned_cart","profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641","definition_version":1,"reason":"event","as_of":{"01a2182e-2566-76a7-9108-1b7484bf8641":2}}', '{"profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 2, '678ee18b-68e0-5b2f-bcf2-a119baae3420', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641","definition_version":1,"reason":"event","as_of":{"01a2182e-2566-76a7-9108-1b7484bf8641":2}}', '{"profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 3, '7d21bfa8-ac4c-5382-94c1-e261349be924', 'segment_exited', 1, '{"segment":"abandoned_cart","profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641","definition_version":1,"reason":"event","as_of":{"01a2182e-2566-76a7-9108-1b7484bf8641":4,"01a2182e-257e-710c-bfe9-3e17fc9d380a":1}}', '{"profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 4, '69f1edac-dff0-5ed4-ba6c-f190350bbaf5', 'segment_exited', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641","definition_version":1,"reason":"event","as_of":{"01a2182e-2566-76a7-9108-1b7484bf8641":4,"01a2182e-257e-710c-bfe9-3e17fc9d380a":1}}', '{"profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 5, '8b46a15c-c2e0-5e6f-ba6c-2e4faccc9c71', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641","definition_version":1,"reason":"event","as_of":{"01a2182e-2566-76a7-9108-1b7484bf8641":4,"01a2182e-257e-710c-bfe9-3e17fc9d380a":1}}', '{"profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 6, '638e80c6-4ec5-59e3-bb52-546337addc0d', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641","definition_version":1,"reason":"event","as_of":{"01a2182e-2566-76a7-9108-1b7484bf8641":5,"01a2182e-257e-710c-bfe9-3e17fc9d380a":2,"01a2182e-25a4-7726-86ae-6dd2dc185ccf":3,"01a2182e-25a4-7726-86ae-6dd317b1d4cc":1}}', '{"profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 7, 'fe52da35-8de5-5a07-b1ab-0a6d9e2c2daa', 'segment_exited', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641","definition_version":1,"reason":"event","as_of":{"01a2182e-2566-76a7-9108-1b7484bf8641":5,"01a2182e-257e-710c-bfe9-3e17fc9d380a":2,"01a2182e-25a4-7726-86ae-6dd2dc185ccf":3,"01a2182e-25a4-7726-86ae-6dd317b1d4cc":1}}', '{"profile_id":"01a2182e-2566-76a7-9108-1b7484bf8641"}', 898776000000000, 898776000000000);
INSERT INTO public.events VALUES ('01a2182e-2a89-756e-bbc1-6b6acadb289f', 1, 'a0c88e94-a14c-5c38-ae79-a5b32ad8402b', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2a89-756e-bbc1-6b6acadb289f","definition_version":1,"reason":"event","as_of":{"01a2182e-2a89-756e-bbc1-6b6acadb289f":4,"01a2182e-2a8a-751b-aa7a-b73d6d946295":1}}', '{"profile_id":"01a2182e-2a89-756e-bbc1-6b6acadb289f"}', 899251200000000, 899251200000000);
INSERT INTO public.events VALUES ('01a2182e-2a89-756e-bbc1-6b6acadb289f', 2, '0cd8552f-c82e-5fae-82cb-fa5405a6f3d4', 'segment_entered', 1, '{"segment":"abandoned_cart","profile_id":"01a2182e-2a89-756e-bbc1-6b6acadb289f","definition_version":1,"reason":"time","as_of":{"01a2182e-2a89-756e-bbc1-6b6acadb289f":4,"01a2182e-2a8a-751b-aa7a-b73d6d946295":1}}', '{"correlation_id":"segments.settle_due.2575c8c1-5098-47e2-9fb5-570470269b2e","profile_id":"01a2182e-2a89-756e-bbc1-6b6acadb289f"}', 899253240000000, 899254800000000);
INSERT INTO public.events VALUES ('01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 1, '1b32fe35-18b7-5a8f-8438-634e710e78e0', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8","definition_version":1,"reason":"event","as_of":{"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8":4,"01a2182e-2a8a-751b-aa7a-b73fab6f33fd":1,"01a2182e-2a8a-751b-aa7a-b740e363d11a":4}}', '{"profile_id":"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8"}', 899251200000000, 899251200000000);
INSERT INTO public.events VALUES ('01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 2, '37ba2d3b-a967-5b00-8a07-a194fa673f2f', 'segment_entered', 1, '{"segment":"abandoned_cart","profile_id":"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8","definition_version":1,"reason":"time","as_of":{"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8":4,"01a2182e-2a8a-751b-aa7a-b73fab6f33fd":1,"01a2182e-2a8a-751b-aa7a-b740e363d11a":4}}', '{"correlation_id":"segments.settle_due.2575c8c1-5098-47e2-9fb5-570470269b2e","profile_id":"01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8"}', 899253720000000, 899254800000000);
INSERT INTO public.events VALUES ('01a2182e-2a8a-751b-aa7a-b741f903cb7c', 1, '744e254b-bf7b-5368-b11f-c8740afde4d7', 'segment_entered', 1, '{"segment":"high_value","profile_id":"01a2182e-2a8a-751b-aa7a-b741f903cb7c","definition_version":2,"reason":"event","as_of":{"01a2182e-2a8a-751b-aa7a-b741f903cb7c":22,"01a2182e-2a8a-751b-aa7a-b742d35037a2":1,"01a2182e-2a8a-751b-aa7a-b74323d56630":1}}', '{"profile_id":"01a2182e-2a8a-751b-aa7a-b741f903cb7c"}', 899251200000000, 899251200000000);
INSERT INTO public.events VALUES ('01a2182e-2a8a-751b-aa7a-b741f903cb7c', 2, 'bc40b6ec-94af-59d5-a4ac-3c73af149ad0', 'segment_entered', 1, '{"segment":"abandoned_cart","profile_id":"01a2182e-2a8a-751b-aa7a-b741f903cb7c","definition_version":1,"reason":"time","as_of":{"01a2182e-2a8a-751b-aa7a-b741f903cb7c":22,"01a2182e-2a8a-751b-aa7a-b742d35037a2":1,"01a2182e-2a8a-751b-aa7a-b74323d56630":1}}', '{"correlation_id":"segments.settle_due.2575c8c1-5098-47e2-9fb5-570470269b2e","profile_id":"01a2182e-2a8a-751b-aa7a-b741f903cb7c"}', 899254200000000, 899254800000000);
INSERT INTO public.events VALUES ('01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 1, '301d78ea-cf7a-50a3-8987-da97ca404662', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2a8a-751b-aa7a-b7444f6a6fd9","definition_version":1,"reason":"event","as_of":{"01a2182e-2a8a-751b-aa7a-b7444f6a6fd9":4}}', '{"profile_id":"01a2182e-2a8a-751b-aa7a-b7444f6a6fd9"}', 899251200000000, 899251200000000);
INSERT INTO public.events VALUES ('01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 2, '4b71d935-2020-505c-bb88-076b3850e6a0', 'segment_entered', 1, '{"segment":"abandoned_cart","profile_id":"01a2182e-2a8a-751b-aa7a-b7444f6a6fd9","definition_version":1,"reason":"time","as_of":{"01a2182e-2a8a-751b-aa7a-b7444f6a6fd9":4}}', '{"correlation_id":"segments.settle_due.2575c8c1-5098-47e2-9fb5-570470269b2e","profile_id":"01a2182e-2a8a-751b-aa7a-b7444f6a6fd9"}', 899254440000000, 899254800000000);
INSERT INTO public.events VALUES ('01a2182e-2a8a-751b-aa7a-b745794c07ca', 1, '77ba864a-61b4-53da-89e2-cd89c79c491a', 'segment_entered', 1, '{"segment":"abandoned_cart","profile_id":"01a2182e-2a8a-751b-aa7a-b745794c07ca","definition_version":1,"reason":"event","as_of":{"01a2182e-2a8a-751b-aa7a-b745794c07ca":3,"01a2182e-2a8a-751b-aa7a-b746f39e891c":1}}', '{"profile_id":"01a2182e-2a8a-751b-aa7a-b745794c07ca"}', 899251200000000, 899251200000000);
INSERT INTO public.events VALUES ('01a2182e-2a8a-751b-aa7a-b745794c07ca', 2, 'e8fbff1a-30e6-5cb6-be9c-9eba424293d6', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a2182e-2a8a-751b-aa7a-b745794c07ca","definition_version":1,"reason":"event","as_of":{"01a2182e-2a8a-751b-aa7a-b745794c07ca":3,"01a2182e-2a8a-751b-aa7a-b746f39e891c":1}}', '{"profile_id":"01a2182e-2a8a-751b-aa7a-b745794c07ca"}', 899251200000000, 899251200000000);

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

INSERT INTO public.memberships VALUES ('01a2182e-204b-7255-b9bf-f3e64eae4605', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-204b-7255-b9bf-f3e7532c30be', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-20d1-72aa-bb40-8d5ec8d124db', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-210d-7067-b7d0-cae96c081940', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-210d-7067-b7d0-cae96c081940', 'newsletter_reader', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', 'returning_one_time_buyer', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-22e1-7201-b1f8-90fb549b9b07', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 'high_value', 898776000000000, 2);
INSERT INTO public.memberships VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 'returning_one_time_buyer', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2325-757d-84cb-0f169993c2a4', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-233b-7782-b364-5c834999a935', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-235b-7380-bb44-e31ced04e88b', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', 'high_value', 898776000000000, 2);
INSERT INTO public.memberships VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', 'returning_one_time_buyer', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-23ff-741e-8fe8-1b8c1922f38a', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2428-7023-a4c1-72cfb9526969', 'abandoned_cart', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2428-7023-a4c1-72cfb9526969', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2467-71d8-a187-7688957c8713', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2498-73fe-b531-2eecbec16fb8', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', 'newsletter_reader', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', 'returning_one_time_buyer', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 'first_time_visitor', 898776000000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2a89-756e-bbc1-6b6acadb289f', 'abandoned_cart', 899253240000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2a89-756e-bbc1-6b6acadb289f', 'first_time_visitor', 899251200000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 'abandoned_cart', 899253720000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 'returning_one_time_buyer', 899251200000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b741f903cb7c', 'abandoned_cart', 899254200000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b741f903cb7c', 'high_value', 899251200000000, 2);
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 'abandoned_cart', 899254440000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 'first_time_visitor', 899251200000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b745794c07ca', 'abandoned_cart', 899251200000000, 1);
INSERT INTO public.memberships VALUES ('01a2182e-2a8a-751b-aa7a-b745794c07ca', 'first_time_visitor', 899251200000000, 1);

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
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 4, 5, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b73fab6f33fd', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b740e363d11a', 4, 4, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b741f903cb7c', 22, 22, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b742d35037a2', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b74323d56630', 1, 1, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 4, 4, false);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b745794c07ca', 3, 4, true);
INSERT INTO public.positions VALUES ('profiles', '01a2182e-2a8a-751b-aa7a-b746f39e891c', 1, 1, false);

INSERT INTO public.profiles VALUES ('01a2182e-204b-7255-b9bf-f3e64eae4605', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-204b-7255-b9bf-f3e7532c30be', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-20d1-72aa-bb40-8d5ec8d124db', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-210d-7067-b7d0-cae96c081940', 900497040000000, 8);
INSERT INTO public.profiles VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-22e1-7201-b1f8-90fb549b9b07', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-22e1-7201-b1f8-90fcedb1b7ff', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 899256600000000, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2311-7500-a20d-a418192cfa87', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2325-757d-84cb-0f169993c2a4', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-233b-7782-b364-5c834999a935', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-235b-7380-bb44-e31ced04e88b', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-23ff-741e-8fe8-1b8c1922f38a', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2428-7023-a4c1-72cfb9526969', 900792300000000, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2467-71d8-a187-7688957c8713', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2498-73fe-b531-2eecbec16fb8', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-25cb-7360-ae8f-136bc707ed88', NULL, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2a89-756e-bbc1-6b6acadb289f', 901841640000000, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 901842120000000, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2a8a-751b-aa7a-b741f903cb7c', 901842600000000, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 901842840000000, 8);
INSERT INTO public.profiles VALUES ('01a2182e-2a8a-751b-aa7a-b745794c07ca', 901743300000000, 8);

INSERT INTO public.streams VALUES ('01a2182e-204b-7255-b9bf-f3e64eae4605', 1, 899254809998202);
INSERT INTO public.streams VALUES ('01a2182e-204b-7255-b9bf-f3e7532c30be', 1, 899254810061505);
INSERT INTO public.streams VALUES ('01a2182e-20d1-72aa-bb40-8d5ec8d124db', 1, 899254810061505);
INSERT INTO public.streams VALUES ('01a2182e-210d-7067-b7d0-cae96c081940', 2, 899254811986260);
INSERT INTO public.streams VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 6, 899254812611082);
INSERT INTO public.streams VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', 5, 899254811794130);
INSERT INTO public.streams VALUES ('01a2182e-22e1-7201-b1f8-90fb549b9b07', 1, 899254810600919);
INSERT INTO public.streams VALUES ('01a2182e-22e1-7201-b1f8-90fcedb1b7ff', 2, 899254813340743);
INSERT INTO public.streams VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 4, 899254811883585);
INSERT INTO public.streams VALUES ('01a2182e-2311-7500-a20d-a418192cfa87', 2, 899254811883585);
INSERT INTO public.streams VALUES ('01a2182e-2325-757d-84cb-0f169993c2a4', 1, 899254810693911);
INSERT INTO public.streams VALUES ('01a2182e-233b-7782-b364-5c834999a935', 1, 899254810693911);
INSERT INTO public.streams VALUES ('01a2182e-235b-7380-bb44-e31ced04e88b', 1, 899254810732303);
INSERT INTO public.streams VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', 4, 899254812078011);
INSERT INTO public.streams VALUES ('01a2182e-23ff-741e-8fe8-1b8c1922f38a', 1, 899254810925798);
INSERT INTO public.streams VALUES ('01a2182e-2428-7023-a4c1-72cfb9526969', 2, 899254810958808);
INSERT INTO public.streams VALUES ('01a2182e-2467-71d8-a187-7688957c8713', 1, 899254811001238);
INSERT INTO public.streams VALUES ('01a2182e-2498-73fe-b531-2eecbec16fb8', 1, 899254811060932);
INSERT INTO public.streams VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', 4, 899254812242427);
INSERT INTO public.streams VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 7, 899254811358985);
INSERT INTO public.streams VALUES ('01a2182e-2a89-756e-bbc1-6b6acadb289f', 2, 899254814306547);
INSERT INTO public.streams VALUES ('01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 2, 899254814306547);
INSERT INTO public.streams VALUES ('01a2182e-2a8a-751b-aa7a-b741f903cb7c', 2, 899254814306547);
INSERT INTO public.streams VALUES ('01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 2, 899254814306547);
INSERT INTO public.streams VALUES ('01a2182e-2a8a-751b-aa7a-b745794c07ca', 2, 899254812578942);

INSERT INTO public.summaries VALUES ('01a2182e-204b-7255-b9bf-f3e64eae4605', 3, '{"types":{"checkout_started":[2,897300000000000,[897300000000000,897303600000000]]}}');
INSERT INTO public.summaries VALUES ('01a2182e-20b6-729c-857a-220a6d8e500c', 2, '{"types":{"signed_in":[1,897386400000000,[897386400000000]]}}');
INSERT INTO public.summaries VALUES ('01a2182e-20d1-72aa-bb40-8d5ec8d124db', 4, '{"types":{"product_viewed":[1,897393600000000,[897393600000000]],"signed_in":[1,897393900000000,[897393900000000]]}}');
INSERT INTO public.summaries VALUES ('01a2182e-210d-7067-b7d0-cae96c081940', 7, '{"types":{"newsletter_opened":[6,897904860000000,[897904860000000,897904920000000,897904980000000,897905040000000,897905100000000,897905160000000]]}}');
INSERT INTO public.summaries VALUES ('01a2182e-21eb-77c9-92c0-cc5d1683e9ad', 6, '{"types":{"signed_in":[2,897465600000000,[897465600000000,897638400000000]],"order_completed":[2,897466200000000,[897466200000000,899244000000000]]},"orders":{"mia-order-1":[897466200000000,"mia-2",1900,"USD",1,{"home":1}],"mia-order-2":[899244000000000,"mia-4",4200,"USD",1,{"books":1}]}}');
INSERT INTO public.summaries VALUES ('01a2182e-2240-76c9-803a-a6f56a1e5314', 3, '{"types":{"product_viewed":[1,897552000000000,[897552000000000]],"order_completed":[1,897552600000000,[897552600000000]]},"orders":{"lou-order-1":[897552600000000,"lou-2",2100,"USD",3,{"clothing":3}]}}');
INSERT INTO public.summaries VALUES ('01a2182e-22e1-7201-b1f8-90fb549b9b07', 4, '{"types":{"signed_in":[1,897642000000000,[897642000000000]],"product_viewed":[1,899244600000000,[899244600000000]]}}');
INSERT INTO public.summaries VALUES ('01a2182e-22fa-7424-bba8-00a8e2ca0ab1', 3, '{"types":{"product_viewed":[1,897724800000000,[897724800000000]],"cart_updated":[1,899253000000000,[899253000000000]]},"cart":[899253000000000,"ivo-3",2100,"USD",3]}');
INSERT INTO public.summaries VALUES ('01a2182e-2311-7500-a20d-a418192cfa87', 2, '{"types":{"order_completed":[1,897728400000000,[897728400000000]]},"orders":{"ivo-order-1":[897728400000000,"ivo-2",12000,"USD",1,{"outdoor":1}]}}');
INSERT INTO public.summaries VALUES ('01a2182e-2325-757d-84cb-0f169993c2a4', 2, '{"types":{"product_viewed":[1,897811200000000,[897811200000000]]}}');
INSERT INTO public.summaries VALUES ('01a2182e-233b-7782-b364-5c834999a935', 2, '{"types":{"product_viewed":[1,897814800000000,[897814800000000]]}}');
INSERT INTO public.summaries VALUES ('01a2182e-235b-7380-bb44-e31ced04e88b', 5, '{"types":{"loyalty_enrolled":[1,897984000000000,[897984000000000]],"loyalty_points_changed":[2,897984060000000,[897984060000000,898070400000000]],"loyalty_tier_changed":[1,897984120000000,[897984120000000]]},"traits":{"loyalty_enrolled":[897984000000000,"kai-1",true],"loyalty_tier":[897984120000000,"kai-3","silver"]},"points":450}');
INSERT INTO public.summaries VALUES ('01a2182e-23bd-7566-8417-7d4e84cb4c1d', 5, '{"types":{"signed_in":[2,898192800000000,[898192800000000,898365600000000]],"order_completed":[1,898193400000000,[898193400000000]],"signed_out":[1,898194000000000,[898194000000000]]},"orders":{"ana-order-1":[898193400000000,"ana-2",12000,"USD",1,{"outdoor":1}]}}');
INSERT INTO public.summaries VALUES ('01a2182e-2428-7023-a4c1-72cfb9526969', 4, '{"types":{"signed_in":[1,898200000000000,[898200000000000]],"signed_out":[1,898201200000000,[898201200000000]],"traits_changed":[1,898452000000000,[898452000000000]]},"traits":{"first_name":[898452000000000,"ben-4","Ben"]}}');
INSERT INTO public.summaries VALUES ('01a2182e-2428-7023-a4c1-72d08d98750a', 2, '{"types":{"cart_updated":[1,898200300000000,[898200300000000]]},"cart":[898200300000000,"ben-2",2100,"USD",3]}');
INSERT INTO public.summaries VALUES ('01a2182e-2467-71d8-a187-7688957c8713', 2, '{"types":{"product_viewed":[1,898203600000000,[898203600000000]]}}');
INSERT INTO public.summaries VALUES ('01a2182e-2498-73fe-b531-2eecbec16fb8', 2, '{"types":{"signed_in":[1,898279200000000,[898279200000000]]}}');
INSERT INTO public.summaries VALUES ('01a2182e-24b6-72c4-9f1f-c715fa4acb0b', 2, '{"types":{"cart_updated":[1,898365900000000,[898365900000000]]},"cart":[898365900000000,"ana-5",null,null,0]}');
INSERT INTO public.summaries VALUES ('01a2182e-24ee-71af-be50-22a8dea1ad6d', 3, '{"types":{"product_viewed":[1,898336800000000,[898336800000000]],"order_completed":[1,898337400000000,[898337400000000]]},"orders":{"nora-order-1":[898337400000000,"nora-2",2500,"EUR",3,{"home":3}]}}');
INSERT INTO public.summaries VALUES ('01a2182e-2518-76ea-b647-48d9b17590f9', 7, '{"types":{"signed_in":[1,898419600000000,[898419600000000]],"order_refunded":[1,898506000000000,[898506000000000]],"traits_changed":[2,898509600000000,[898509600000000,898596000000000]],"consent_changed":[2,898596060000000,[898596060000000,898682460000000]]},"traits":{"first_name":[898509600000000,"nora-5","Nóra"],"city":[898596000000000,"nora-6",null],"sizes":[898509600000000,"nora-5",{"shoe":39}],"newsletter":[898596000000000,"nora-6",true]},"consent":{"email":[898682460000000,"nora-8",false],"sms":[898596060000000,"nora-7",false]},"refunds":{"nora-order-1":{"nora-4":[898506000000000,300,"EUR"]}}}');
INSERT INTO public.summaries VALUES ('01a2182e-2566-76a7-9108-1b7484bf8641', 4, '{"types":{"cart_updated":[1,898459200000000,[898459200000000]],"checkout_started":[1,898459500000000,[898459500000000]],"order_completed":[1,898459800000000,[898459800000000]]},"orders":{"pia-order-1":[898459800000000,"pia-3",4200,"GBP",1,{"books":1}]},"cart":[898459200000000,"pia-1",4200,"GBP",1]}');
INSERT INTO public.summaries VALUES ('01a2182e-25a4-7726-86ae-6dd2dc185ccf', 3, '{"types":{"signed_in":[1,898545600000000,[898545600000000]],"order_cancelled":[1,898545900000000,[898545900000000]]},"cancelled":{"pia-order-1":898545900000000}}');
INSERT INTO public.summaries VALUES ('01a2182e-25cb-7360-ae8f-136bc707ed88', 6, '{"types":{"store_visited":[1,898704000000000,[898704000000000]],"order_completed":[2,883990800000000,[883990800000000,898775700000000]],"order_refunded":[1,898775880000000,[898775880000000]],"newsletter_opened":[1,898775940000000,[898775940000000]]},"orders":{"rex-order-1":[898775700000000,"rex-2",9900,"USD",0,{}],"rex-order-2":[883990800000000,"rex-3",700,"USD",3,{"clothing":3}]},"refunds":{"rex-order-2":{"rex-4":[898775880000000,null,null]}}}');
INSERT INTO public.summaries VALUES ('01a2182e-2a89-756e-bbc1-6b6acadb289f', 4, '{"types":{"product_viewed":[1,899249460000000,[899249460000000]],"cart_updated":[1,899249640000000,[899249640000000]],"checkout_started":[1,899249760000000,[899249760000000]]},"cart":[899249640000000,"guest-2",3900,"USD",1]}');
INSERT INTO public.summaries VALUES ('01a2182e-2a8a-751b-aa7a-b73eb5b0dcf8', 4, '{"types":{"order_completed":[1,895397400000000,[895397400000000]],"signed_in":[1,899250240000000,[899250240000000]],"checkout_started":[1,899250300000000,[899250300000000]]},"orders":{"omar-order-1":[895397400000000,"omar-1",5900,"USD",1,{"home":1}]}}');
INSERT INTO public.summaries VALUES ('01a2182e-2a8a-751b-aa7a-b740e363d11a', 4, '{"types":{"product_viewed":[1,899250000000000,[899250000000000]],"cart_updated":[1,899250120000000,[899250120000000]]},"cart":[899250120000000,"omar-3",4800,"USD",2]}');
INSERT INTO public.summaries VALUES ('01a2182e-2a8a-751b-aa7a-b741f903cb7c', 22, '{"types":{"loyalty_enrolled":[1,878464800000000,[878464800000000]],"traits_changed":[1,878464860000000,[878464860000000]],"consent_changed":[1,878464920000000,[878464920000000]],"order_completed":[8,894471600000000,[894471600000000,895162800000000,895940400000000,896545200000000,897150000000000,897754800000000,898359600000000,898964400000000]],"loyalty_points_changed":[8,894471660000000,[894471660000000,895162860000000,895940460000000,896545260000000,897150060000000,897754860000000,898359660000000,898964460000000]],"loyalty_tier_changed":[1,897150300000000,[897150300000000]],"cart_updated":[1,899250600000000,[899250600000000]]},"traits":{"loyalty_enrolled":[878464800000000,"grace-1",true],"loyalty_tier":[897150300000000,"grace-14","gold"],"first_name":[878464860000000,"grace-2","Grace"],"language":[878464860000000,"grace-2","en"]},"consent":{"email":[878464920000000,"grace-3",true]},"orders":{"grace-order-1":[894471600000000,"grace-4",18900,"USD",1,{"clothing":1}],"grace-order-2":[895162800000000,"grace-6",14900,"USD",1,{"outdoor":1}],"grace-order-3":[895940400000000,"grace-8",22900,"USD",1,{"outdoor":1}],"grace-order-4":[896545200000000,"grace-10",8900,"USD",1,{"outdoor":1}],"grace-order-5":[897150000000000,"grace-12",23800,"USD",2,{"outdoor":2}],"grace-order-6":[897754800000000,"grace-15",7800,"USD",2,{"outdoor":2}],"grace-order-7":[898359600000000,"grace-17",4470,"USD",3,{"books":3}],"grace-order-8":[898964400000000,"grace-19",15900,"USD",1,{"clothing":1}]},"cart":[899250600000000,"grace-21",7900,"USD",1],"points":1175}');
INSERT INTO public.summaries VALUES ('01a2182e-2a8a-751b-aa7a-b7444f6a6fd9', 4, '{"types":{"product_viewed":[1,899250720000000,[899250720000000]],"cart_updated":[1,899250840000000,[899250840000000]],"checkout_started":[1,899250900000000,[899250900000000]]},"cart":[899250840000000,"watch-2",24900,"USD",1]}');
INSERT INTO public.summaries VALUES ('01a2182e-2a8a-751b-aa7a-b745794c07ca', 3, '{"types":{"cart_updated":[1,899151300000000,[899151300000000]],"checkout_started":[1,899151480000000,[899151480000000]]},"cart":[899151300000000,"lena-1",11800,"USD",2]}');

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.definitions
    ADD CONSTRAINT definitions_pkey PRIMARY KEY (generation);

ALTER TABLE ONLY public.definitions
    ADD CONSTRAINT definitions_segment_version_key UNIQUE (segment, version);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_id_key UNIQUE (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (stream_id, version);

ALTER TABLE ONLY public.identifiers
    ADD CONSTRAINT identifiers_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.labels
    ADD CONSTRAINT labels_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (profile_id, segment);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (source, stream_id);

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_pkey PRIMARY KEY (profile_id);

ALTER TABLE ONLY public.reconciled
    ADD CONSTRAINT reconciled_pkey PRIMARY KEY (source);

ALTER TABLE ONLY public.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_pkey PRIMARY KEY (stream_id);

CREATE INDEX ix_identifiers_stream_id ON public.identifiers USING btree (stream_id);

CREATE INDEX ix_labels_profile_id ON public.labels USING btree (profile_id);

CREATE INDEX ix_outbox_claimed_at ON public.outbox USING btree (claimed_at);

CREATE INDEX ix_profiles_generation ON public.profiles USING btree (generation);

CREATE INDEX ix_profiles_next_at ON public.profiles USING btree (next_at);

CREATE INDEX memberships_by_segment ON public.memberships USING btree (segment);

CREATE INDEX positions_behind ON public.positions USING btree (source, stream_id) WHERE (seen > version);

CREATE INDEX streams_by_change ON public.streams USING btree (changed_at, stream_id);

CREATE TRIGGER events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

