CREATE FUNCTION public.number_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    DECLARE newest integer = (SELECT max(incarnation) FROM log_incarnations);
    BEGIN
        NEW.changed_in = CAST(CAST(pg_current_xact_id() AS text) AS bigint);
        IF TG_OP = 'UPDATE' AND OLD.incarnation < newest THEN
            NEW.restored_to = OLD.version;
        END IF;
        NEW.incarnation = greatest(NEW.incarnation, newest);
        RETURN NEW;
    END $$;

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
    redriven_at bigint,
    redrive_reason text
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

CREATE TABLE public.failing_evaluations (
    profile_id text NOT NULL,
    failures integer NOT NULL,
    try_at bigint NOT NULL
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

CREATE TABLE public.log_incarnations (
    incarnation integer NOT NULL,
    fingerprint text NOT NULL,
    began_at bigint NOT NULL
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
    halted boolean NOT NULL,
    restored_to integer
);

CREATE TABLE public.profiles (
    profile_id text NOT NULL,
    next_at bigint,
    generation integer NOT NULL
);

CREATE TABLE public.reconciled (
    source text NOT NULL,
    changed_at bigint DEFAULT '0'::bigint NOT NULL,
    changed_incarnation integer DEFAULT 1 NOT NULL,
    changed_in bigint DEFAULT '0'::bigint NOT NULL,
    changed_stream text DEFAULT ''::text NOT NULL,
    incarnation integer DEFAULT 1 NOT NULL,
    next_incarnation integer,
    walk_after text,
    walk_changed_incarnation integer,
    walk_changed_in bigint,
    walk_changed_stream text,
    compared_at bigint,
    walked_at bigint,
    too_large integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.replicas (
    id text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    role text NOT NULL,
    release text NOT NULL,
    configuration json NOT NULL,
    skew bigint NOT NULL,
    broker_connected boolean NOT NULL,
    started_at bigint NOT NULL,
    seen_at bigint NOT NULL
);

CREATE TABLE public.streams (
    stream_id text NOT NULL,
    version integer NOT NULL,
    changed_at bigint NOT NULL,
    changed_in bigint DEFAULT '0'::bigint NOT NULL,
    incarnation integer DEFAULT 1 NOT NULL,
    restored_to integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.summaries (
    stream_id text NOT NULL,
    version integer NOT NULL,
    summary json NOT NULL
);

INSERT INTO public.alembic_version VALUES ('0004');

INSERT INTO public.definitions VALUES (1, '01a21999-20a6-73a3-a2c8-90d99e6f6f23', 'first_time_visitor', 1, 'orders() == 0', 'Has no order yet.', 'file', 1795176000000000);
INSERT INTO public.definitions VALUES (2, '01a21999-20a6-73a3-a2c8-90da6cf88561', 'returning_one_time_buyer', 1, 'orders() == 1', 'Has bought exactly once.', 'file', 1795176000000000);
INSERT INTO public.definitions VALUES (3, '01a21999-20a6-73a3-a2c8-90db0f632226', 'frequent_buyer', 1, 'orders(within="60d") > 5', 'Has bought more than five times in the last 60 days.', 'file', 1795176000000000);
INSERT INTO public.definitions VALUES (4, '01a21999-20a6-73a3-a2c8-90dc1df66cc0', 'high_value', 1, 'revenue("USD") >= 500', 'Has spent 500 USD or more, net of refunds.', 'file', 1795176000000000);
INSERT INTO public.definitions VALUES (5, '01a21999-20a6-73a3-a2c8-90ddf62f9ad0', 'abandoned_cart', 1, 'cart_items() > 0
and "1h" <= since_last("cart_updated") < "30d"
and (never("order_completed") or last("order_completed") < last("cart_updated"))
', 'Left a cart with something in it between an hour and 30 days ago, and has not ordered since.', 'file', 1795176000000000);

INSERT INTO public.events VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, '9ab23bdb-e4c9-5164-8a5b-abbb5490ffa3', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","definition_version":1,"reason":"event","as_of":{"01a21999-1feb-752a-ae1b-0f4864e4bfef":2}}', '{"profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","correlation_id":"standalone_rpc_proxy.call.e9aee86b-20fe-41f3-a961-334bdb70e84c"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 1, '487467c8-aec5-5a9b-a9e8-11eeb7d1391b', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","definition_version":1,"reason":"event","as_of":{"01a21999-2101-7559-a11f-518ba8ebb6fd":2,"01a21999-2101-7559-a11f-518c714dd54b":1}}', '{"profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","correlation_id":"standalone_rpc_proxy.call.f197604f-4be7-4b01-bf8a-7125b161b614"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 1, '356a7045-4b54-57ba-a0c4-b574c7e6e3f3', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","definition_version":1,"reason":"event","as_of":{"01a21999-2123-7611-bfb1-e1d4450b4193":2,"01a21999-2123-7611-bfb1-e1d56a05ea66":1}}', '{"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","correlation_id":"standalone_rpc_proxy.call.d01bbb16-d46b-49db-a6b3-ef93da902ed0"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 2, '0ca69ddc-fedc-5f19-a869-50e93432f808', 'segment_exited', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","definition_version":1,"reason":"event","as_of":{"01a21999-2123-7611-bfb1-e1d4450b4193":3,"01a21999-2123-7611-bfb1-e1d56a05ea66":2,"01a21999-215a-7340-a339-6a0c4e889074":2}}', '{"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","correlation_id":"standalone_rpc_proxy.call.bedf3446-326b-4b43-b9f4-8c35e2031eaf"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 1, 'a81a2cae-43e3-5a50-95ba-91c12fef110a', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a21999-2184-73f8-b15f-08b0a207229b","definition_version":1,"reason":"event","as_of":{"01a21999-2184-73f8-b15f-08b0a207229b":2}}', '{"profile_id":"01a21999-2184-73f8-b15f-08b0a207229b","correlation_id":"standalone_rpc_proxy.call.a29484e3-bf87-4133-b2d8-0465b8e5ad4e"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, '37b5c7f8-6af6-54ae-b8fa-11a96ab8dec0', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","definition_version":1,"reason":"event","as_of":{"01a21999-21a9-73ce-92fa-15f9ce7431a1":2,"01a21999-21a9-73ce-92fa-15faa14d8fba":1}}', '{"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","correlation_id":"standalone_rpc_proxy.call.0793bccc-8d41-4b72-b771-016422ccb8d8"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 1, 'db1a631f-6d53-54b3-bbea-fbb4afb80ec5', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","definition_version":1,"reason":"event","as_of":{"01a21999-21f8-7663-b662-19ec813dd37c":2,"01a21999-21f8-7663-b662-19ed51d985dd":1}}', '{"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","correlation_id":"standalone_rpc_proxy.call.d105bb4a-d4e9-4fae-a66c-43bdfb6d1188"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 2, '14dd28d4-6496-5e64-b1f8-970a97ccfb96', 'segment_exited', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","definition_version":1,"reason":"event","as_of":{"01a21999-21f8-7663-b662-19ec813dd37c":2,"01a21999-21f8-7663-b662-19ed51d985dd":1,"01a21999-220f-73af-85e8-d75dd4e607c5":2}}', '{"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","correlation_id":"standalone_rpc_proxy.call.7a74a313-9198-458a-b702-6b125ca0e1bb"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 1, 'bd7a12d7-3698-56da-bde9-3307de00e85b', 'segment_entered', 1, '{"segment":"returning_one_time_buyer","profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","definition_version":1,"reason":"event","as_of":{"01a21999-22cf-7675-8c45-4c444fd0983b":2,"01a21999-22cf-7675-8c45-4c45a4b231df":1}}', '{"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","correlation_id":"standalone_rpc_proxy.call.67fa8e7f-14b9-45c2-a421-fb1f19d92319"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 1, '3f09fa9c-c486-588b-bf99-a7b170e158ed', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a21999-232d-71bc-a549-1216cc2dab24","definition_version":1,"reason":"event","as_of":{"01a21999-232d-71bc-a549-1216cc2dab24":2}}', '{"profile_id":"01a21999-232d-71bc-a549-1216cc2dab24","correlation_id":"standalone_rpc_proxy.call.7c83f177-c2ab-440a-972b-e21031b3d7af"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-237c-7681-a72d-84efff088a09', 1, '8c5dba30-4271-594d-8355-7956e6ef0579', 'segment_entered', 1, '{"segment":"first_time_visitor","profile_id":"01a21999-237c-7681-a72d-84efff088a09","definition_version":1,"reason":"event","as_of":{"01a21999-237c-7681-a72d-84efff088a09":2}}', '{"profile_id":"01a21999-237c-7681-a72d-84efff088a09","correlation_id":"standalone_rpc_proxy.call.87e0b5f5-72c3-4296-a726-f6211a81f725"}', 1795176000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-237c-7681-a72d-84efff088a09', 2, 'bd1970f2-76b5-5ac8-932b-aac432e52b54', 'segment_exited', 1, '{"segment":"first_time_visitor","profile_id":"01a21999-237c-7681-a72d-84efff088a09","definition_version":1,"reason":"merge","as_of":{}}', '{"profile_id":"01a21999-237c-7681-a72d-84efff088a09"}', 1795176000000000, 1795176000000000);

INSERT INTO public.identifiers VALUES ('anonymous_id:11a943f8d1ac414e32242154f0a5c26f', '01a21999-232d-71bc-a549-1216cc2dab24', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:3040809f88ef9bda781c88da7000dfc8', '01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:67ee1721a94459aeb8b28c1813a62e64', '01a21999-237c-7681-a72d-84efff088a09', 1, 2, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:c5c08802f2425b6c59bdb9f5bacaf8eb', '01a21999-2095-732a-bd31-98b02c535269', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('anonymous_id:df839c89575c61a82e0d4575abc8b08a', '01a21999-2123-7611-bfb1-e1d4450b4193', 1, 2, 'claimed');
INSERT INTO public.identifiers VALUES ('anonymous_id:ef9d8af78a63cb229b955a276359e993', '01a21999-21d8-76f6-865a-56d55a11ea22', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('device_id:0f4aa9fcee6efed094e4c96c874e34a0', '01a21999-226c-70bc-9c48-588ea238b223', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('device_id:2238d73d6961b98cea8e4199e4310f27', '01a21999-228a-75e9-a632-70276a1a80e4', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('device_id:6463870da55e51744d489d1b8b967991', '01a21999-2221-70c9-94a6-42d057e8f395', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('device_id:7fa76eee4bdc27fabb665762087d8a10', '01a21999-2248-7434-aa99-a3e84be214ab', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('device_id:8d9ce93cf337afad9243d16ceaedbaac', '01a21999-220f-73af-85e8-d75dd4e607c5', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('device_id:cacb694295ea8beaf2a874e6982eb3a9', '01a21999-21f8-7663-b662-19ec813dd37c', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('device_id:e66130a777dac0dd4d70078ecd497ccc', '01a21999-22cf-7675-8c45-4c444fd0983b', 1, 1, 'device');
INSERT INTO public.identifiers VALUES ('email:091b87540d523c95d7e940ed68794031', '01a21999-21a9-73ce-92fa-15faa14d8fba', 1, 1, 'claimed');
INSERT INTO public.identifiers VALUES ('email:90e9d64238680f47e37c31e494079251', '01a21999-2123-7611-bfb1-e1d56a05ea66', 1, 2, 'verified');
INSERT INTO public.identifiers VALUES ('email:ef55b0ecfa8f4e369b44b7a3c7a943c3', '01a21999-22cf-7675-8c45-4c45a4b231df', 1, 2, 'verified');
INSERT INTO public.identifiers VALUES ('email:f96fd834d2214d7e7248fddb5ceed417', '01a21999-2101-7559-a11f-518c714dd54b', 2, 1, 'verified');
INSERT INTO public.identifiers VALUES ('phone:d47c0a0d7cf77bb675aaf57e125ce7da', '01a21999-21f8-7663-b662-19ed51d985dd', 1, 1, 'claimed');
INSERT INTO public.identifiers VALUES ('user_id:082eca9ff542b1034f455d5dc78ae60a', '01a21999-2184-73f8-b15f-08b0a207229b', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:17f324b55d65ec6ebd7e78f1e1d5b140', '01a21999-230b-73ab-adcd-49fd345c9195', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:293a9538c610f8ae2b67fe030c70a4b8', '01a21999-20c2-7395-adfa-f2da850dbadb', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:92c16d1eda0ef7188aa24151a1960441', '01a21999-215a-7340-a339-6a0c4e889074', 1, 1, 'verified');
INSERT INTO public.identifiers VALUES ('user_id:e337489e637308ba05082f79a6a7ed52', '01a21999-2101-7559-a11f-518ba8ebb6fd', 1, 1, 'verified');

INSERT INTO public.labels VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', '01a21999-1feb-752a-ae1b-0f4864e4bfef', 1);
INSERT INTO public.labels VALUES ('01a21999-2095-732a-bd31-98b02c535269', '01a21999-1feb-752a-ae1b-0f4864e4bfef', 1);
INSERT INTO public.labels VALUES ('01a21999-20c2-7395-adfa-f2da850dbadb', '01a21999-1feb-752a-ae1b-0f4864e4bfef', 1);
INSERT INTO public.labels VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', '01a21999-2101-7559-a11f-518ba8ebb6fd', 1);
INSERT INTO public.labels VALUES ('01a21999-2101-7559-a11f-518c714dd54b', '01a21999-2101-7559-a11f-518ba8ebb6fd', 1);
INSERT INTO public.labels VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', '01a21999-2123-7611-bfb1-e1d4450b4193', 2);
INSERT INTO public.labels VALUES ('01a21999-2123-7611-bfb1-e1d56a05ea66', '01a21999-2123-7611-bfb1-e1d4450b4193', 2);
INSERT INTO public.labels VALUES ('01a21999-215a-7340-a339-6a0c4e889074', '01a21999-2123-7611-bfb1-e1d4450b4193', 1);
INSERT INTO public.labels VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', '01a21999-2184-73f8-b15f-08b0a207229b', 1);
INSERT INTO public.labels VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', '01a21999-21a9-73ce-92fa-15f9ce7431a1', 1);
INSERT INTO public.labels VALUES ('01a21999-21a9-73ce-92fa-15faa14d8fba', '01a21999-21a9-73ce-92fa-15f9ce7431a1', 1);
INSERT INTO public.labels VALUES ('01a21999-21d8-76f6-865a-56d55a11ea22', '01a21999-21a9-73ce-92fa-15f9ce7431a1', 1);
INSERT INTO public.labels VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', '01a21999-21f8-7663-b662-19ec813dd37c', 1);
INSERT INTO public.labels VALUES ('01a21999-21f8-7663-b662-19ed51d985dd', '01a21999-21f8-7663-b662-19ec813dd37c', 1);
INSERT INTO public.labels VALUES ('01a21999-220f-73af-85e8-d75dd4e607c5', '01a21999-21f8-7663-b662-19ec813dd37c', 1);
INSERT INTO public.labels VALUES ('01a21999-2221-70c9-94a6-42d057e8f395', '01a21999-21f8-7663-b662-19ec813dd37c', 1);
INSERT INTO public.labels VALUES ('01a21999-2248-7434-aa99-a3e84be214ab', '01a21999-21f8-7663-b662-19ec813dd37c', 1);
INSERT INTO public.labels VALUES ('01a21999-226c-70bc-9c48-588ea238b223', '01a21999-21f8-7663-b662-19ec813dd37c', 1);
INSERT INTO public.labels VALUES ('01a21999-228a-75e9-a632-70276a1a80e4', '01a21999-21f8-7663-b662-19ec813dd37c', 1);
INSERT INTO public.labels VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', '01a21999-22cf-7675-8c45-4c444fd0983b', 1);
INSERT INTO public.labels VALUES ('01a21999-22cf-7675-8c45-4c45a4b231df', '01a21999-22cf-7675-8c45-4c444fd0983b', 2);
INSERT INTO public.labels VALUES ('01a21999-230b-73ab-adcd-49fd345c9195', '01a21999-22cf-7675-8c45-4c444fd0983b', 1);
INSERT INTO public.labels VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', '01a21999-232d-71bc-a549-1216cc2dab24', 1);
INSERT INTO public.labels VALUES ('01a21999-237c-7681-a72d-84efff088a09', '01a21999-232d-71bc-a549-1216cc2dab24', 2);

INSERT INTO public.log_incarnations VALUES (1, '', 0);

INSERT INTO public.memberships VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 'returning_one_time_buyer', 1795176000000000, 1);
INSERT INTO public.memberships VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 'first_time_visitor', 1795176000000000, 1);
INSERT INTO public.memberships VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 'first_time_visitor', 1795176000000000, 1);
INSERT INTO public.memberships VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 'returning_one_time_buyer', 1795176000000000, 1);
INSERT INTO public.memberships VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 'returning_one_time_buyer', 1795176000000000, 1);
INSERT INTO public.memberships VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 'first_time_visitor', 1795176000000000, 1);

INSERT INTO public.positions VALUES ('profiles', '01a21999-1feb-752a-ae1b-0f4864e4bfef', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-2095-732a-bd31-98b02c535269', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-20c2-7395-adfa-f2da850dbadb', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-2101-7559-a11f-518ba8ebb6fd', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-2101-7559-a11f-518c714dd54b', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-2123-7611-bfb1-e1d4450b4193', 3, 3, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-2123-7611-bfb1-e1d56a05ea66', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-215a-7340-a339-6a0c4e889074', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-2184-73f8-b15f-08b0a207229b', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-21a9-73ce-92fa-15f9ce7431a1', 3, 3, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-21a9-73ce-92fa-15faa14d8fba', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-21d8-76f6-865a-56d55a11ea22', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-21f8-7663-b662-19ec813dd37c', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-21f8-7663-b662-19ed51d985dd', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-220f-73af-85e8-d75dd4e607c5', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-2221-70c9-94a6-42d057e8f395', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-2248-7434-aa99-a3e84be214ab', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-226c-70bc-9c48-588ea238b223', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-228a-75e9-a632-70276a1a80e4', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-22cf-7675-8c45-4c444fd0983b', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-22cf-7675-8c45-4c45a4b231df', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-230b-73ab-adcd-49fd345c9195', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-232d-71bc-a549-1216cc2dab24', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('profiles', '01a21999-237c-7681-a72d-84efff088a09', 3, 3, false, NULL);

INSERT INTO public.profiles VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', NULL, 5);
INSERT INTO public.profiles VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', NULL, 5);
INSERT INTO public.profiles VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', NULL, 5);
INSERT INTO public.profiles VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', NULL, 5);
INSERT INTO public.profiles VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', NULL, 5);
INSERT INTO public.profiles VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', NULL, 5);
INSERT INTO public.profiles VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', NULL, 5);
INSERT INTO public.profiles VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', NULL, 5);
INSERT INTO public.profiles VALUES ('01a21999-237c-7681-a72d-84efff088a09', NULL, 5);

INSERT INTO public.reconciled VALUES ('profiles', 0, 1, 173177, '', 1, NULL, NULL, NULL, NULL, NULL, 1795725795435976, 1795725795431253, 0);

INSERT INTO public.streams VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, 1795725795523913, 173214, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 1, 1795725795637601, 173234, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 2, 1795725795720041, 173251, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 1, 1795725795772660, 173261, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, 1795725795805094, 173268, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 2, 1795725795897122, 173289, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 1, 1795725796134334, 173320, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 1, 1795725796259475, 173337, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-237c-7681-a72d-84efff088a09', 2, 1795725796621523, 173352, 1, 0);

INSERT INTO public.summaries VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 2, '{"types":{"order_completed":[1,1788256800000000,[1788256800000000]]},"orders":{"1":[1788256800000000,"lea-1",60000,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-2095-732a-bd31-98b02c535269', 2, '{"types":{"checkout_started":[1,1790848800000000,[1790848800000000]]}}');
INSERT INTO public.summaries VALUES ('01a21999-20c2-7395-adfa-f2da850dbadb', 2, '{"types":{"signed_in":[1,1790849100000000,[1790849100000000]]}}');
INSERT INTO public.summaries VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 2, '{"types":{"signed_in":[1,1790935200000000,[1790935200000000]]}}');
INSERT INTO public.summaries VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 2, '{"types":{"order_completed":[1,1788343200000000,[1788343200000000]]},"orders":{"2":[1788343200000000,"cara-1",4200,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-215a-7340-a339-6a0c4e889074', 2, '{"types":{"order_completed":[1,1791021600000000,[1791021600000000]]},"orders":{"3":[1791021600000000,"bob-1",2500,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 2, '{"types":{"signed_in":[1,1791108000000000,[1791108000000000]]}}');
INSERT INTO public.summaries VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 3, '{"types":{"order_completed":[1,1788429600000000,[1788429600000000]],"traits_changed":[1,1788429660000000,[1788429660000000]]},"traits":{"first_name":[1788429660000000,"ann-2","Ann"]},"orders":{"4":[1788429600000000,"ann-1",9900,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-21d8-76f6-865a-56d55a11ea22', 2, '{"types":{"checkout_started":[1,1791194400000000,[1791194400000000]]}}');
INSERT INTO public.summaries VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 2, '{"types":{"order_completed":[1,1789034400000000,[1789034400000000]]},"orders":{"till-order-0":[1789034400000000,"till-0",1000,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-220f-73af-85e8-d75dd4e607c5', 2, '{"types":{"order_completed":[1,1789120800000000,[1789120800000000]]},"orders":{"till-order-1":[1789120800000000,"till-1",1001,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-2221-70c9-94a6-42d057e8f395', 2, '{"types":{"order_completed":[1,1789207200000000,[1789207200000000]]},"orders":{"till-order-2":[1789207200000000,"till-2",1002,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-2248-7434-aa99-a3e84be214ab', 2, '{"types":{"order_completed":[1,1789293600000000,[1789293600000000]]},"orders":{"till-order-3":[1789293600000000,"till-3",1003,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-226c-70bc-9c48-588ea238b223', 2, '{"types":{"order_completed":[1,1789380000000000,[1789380000000000]]},"orders":{"till-order-4":[1789380000000000,"till-4",1004,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-228a-75e9-a632-70276a1a80e4', 2, '{"types":{"order_completed":[1,1789466400000000,[1789466400000000]]},"orders":{"till-order-5":[1789466400000000,"till-5",1005,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 2, '{"types":{"order_completed":[1,1788516000000000,[1788516000000000]]},"orders":{"5":[1788516000000000,"nora-1",3300,"EUR",0,{}]}}');
INSERT INTO public.summaries VALUES ('01a21999-230b-73ab-adcd-49fd345c9195', 2, '{"types":{"signed_in":[1,1788602400000000,[1788602400000000]]}}');
INSERT INTO public.summaries VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 2, '{"types":{"product_viewed":[1,1788688800000000,[1788688800000000]]}}');
INSERT INTO public.summaries VALUES ('01a21999-237c-7681-a72d-84efff088a09', 2, '{"types":{"product_viewed":[1,1788688860000000,[1788688860000000]]}}');

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

ALTER TABLE ONLY public.failing_evaluations
    ADD CONSTRAINT failing_evaluations_pkey PRIMARY KEY (profile_id);

ALTER TABLE ONLY public.identifiers
    ADD CONSTRAINT identifiers_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.labels
    ADD CONSTRAINT labels_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.log_incarnations
    ADD CONSTRAINT log_incarnations_pkey PRIMARY KEY (incarnation);

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

ALTER TABLE ONLY public.replicas
    ADD CONSTRAINT replicas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_pkey PRIMARY KEY (stream_id);

CREATE INDEX dead_letters_by_time ON public.dead_letters USING btree (source, died_at);

CREATE INDEX dead_letters_open ON public.dead_letters USING btree (id) WHERE (redriven_at IS NULL);

CREATE INDEX ix_identifiers_stream_id ON public.identifiers USING btree (stream_id);

CREATE INDEX ix_labels_profile_id ON public.labels USING btree (profile_id);

CREATE INDEX ix_outbox_claimed_at ON public.outbox USING btree (claimed_at);

CREATE INDEX ix_profiles_generation ON public.profiles USING btree (generation);

CREATE INDEX ix_profiles_next_at ON public.profiles USING btree (next_at);

CREATE INDEX memberships_by_segment ON public.memberships USING btree (segment);

CREATE INDEX positions_ahead ON public.positions USING btree (source, stream_id) WHERE (restored_to IS NOT NULL);

CREATE INDEX positions_behind ON public.positions USING btree (source, stream_id) WHERE (seen > version);

CREATE INDEX streams_by_transaction ON public.streams USING btree (incarnation, changed_in, stream_id);

CREATE TRIGGER events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER streams_number_insert BEFORE INSERT ON public.streams FOR EACH ROW WHEN ((new.changed_in = 0)) EXECUTE FUNCTION public.number_change();

CREATE TRIGGER streams_number_update BEFORE UPDATE ON public.streams FOR EACH ROW WHEN ((new.changed_in = old.changed_in)) EXECUTE FUNCTION public.number_change();

