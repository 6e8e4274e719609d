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

CREATE TABLE public.halted_in_segments (
    stream_id text NOT NULL
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
    halted boolean NOT NULL,
    restored_to integer
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

INSERT INTO public.memberships VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, '{"returning_one_time_buyer":1795176000000000}', '{"01a21999-1feb-752a-ae1b-0f4864e4bfef":2}');
INSERT INTO public.memberships VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 1, '{"first_time_visitor":1795176000000000}', '{"01a21999-2101-7559-a11f-518ba8ebb6fd":2,"01a21999-2101-7559-a11f-518c714dd54b":1}');
INSERT INTO public.memberships VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 2, '{}', '{"01a21999-2123-7611-bfb1-e1d4450b4193":3,"01a21999-2123-7611-bfb1-e1d56a05ea66":2,"01a21999-215a-7340-a339-6a0c4e889074":2}');
INSERT INTO public.memberships VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 1, '{"first_time_visitor":1795176000000000}', '{"01a21999-2184-73f8-b15f-08b0a207229b":2}');
INSERT INTO public.memberships VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, '{"returning_one_time_buyer":1795176000000000}', '{"01a21999-21a9-73ce-92fa-15f9ce7431a1":2,"01a21999-21a9-73ce-92fa-15faa14d8fba":1}');
INSERT INTO public.memberships VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 2, '{}', '{"01a21999-21f8-7663-b662-19ec813dd37c":2,"01a21999-21f8-7663-b662-19ed51d985dd":1,"01a21999-220f-73af-85e8-d75dd4e607c5":2}');
INSERT INTO public.memberships VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 1, '{"returning_one_time_buyer":1795176000000000}', '{"01a21999-22cf-7675-8c45-4c444fd0983b":2,"01a21999-22cf-7675-8c45-4c45a4b231df":1}');
INSERT INTO public.memberships VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 1, '{"first_time_visitor":1795176000000000}', '{"01a21999-232d-71bc-a549-1216cc2dab24":2}');
INSERT INTO public.memberships VALUES ('01a21999-237c-7681-a72d-84efff088a09', 2, '{}', '{"01a21999-237c-7681-a72d-84efff088a09":2}');

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
INSERT INTO public.positions VALUES ('segments', '01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('segments', '01a21999-2101-7559-a11f-518ba8ebb6fd', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('segments', '01a21999-2123-7611-bfb1-e1d4450b4193', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('segments', '01a21999-2184-73f8-b15f-08b0a207229b', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('segments', '01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('segments', '01a21999-21f8-7663-b662-19ec813dd37c', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('segments', '01a21999-22cf-7675-8c45-4c444fd0983b', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('segments', '01a21999-232d-71bc-a549-1216cc2dab24', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('segments', '01a21999-237c-7681-a72d-84efff088a09', 2, 2, false, NULL);

INSERT INTO public.reconciled VALUES ('profiles', 0, 1, 173177, '', 1, NULL, NULL, NULL, NULL, NULL, 1795725795458441, 1795725795448317, 0);
INSERT INTO public.reconciled VALUES ('segments', 0, 1, 173194, '', 1, NULL, NULL, NULL, NULL, NULL, 1795725795462023, 1795725795453246, 0);

INSERT INTO public.summaries VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 3, '{"types":{"traits_changed":[1,1788429660000000,[1788429660000000]]},"traits":{"first_name":[1788429660000000,"ann-2","Ann"]}}');

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_id_key UNIQUE (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (stream_id, version);

ALTER TABLE ONLY public.halted_in_segments
    ADD CONSTRAINT halted_in_segments_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.identifiers
    ADD CONSTRAINT identifiers_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.labels
    ADD CONSTRAINT labels_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.log_incarnations
    ADD CONSTRAINT log_incarnations_pkey PRIMARY KEY (incarnation);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (profile_id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (source, stream_id);

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

CREATE INDEX positions_ahead ON public.positions USING btree (source, stream_id) WHERE (restored_to IS NOT NULL);

CREATE INDEX positions_behind ON public.positions USING btree (source, stream_id) WHERE (seen > version);

CREATE INDEX streams_by_transaction ON public.streams USING btree (incarnation, changed_in, stream_id);

CREATE TRIGGER events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER streams_number_insert BEFORE INSERT ON public.streams FOR EACH ROW WHEN ((new.changed_in = 0)) EXECUTE FUNCTION public.number_change();

CREATE TRIGGER streams_number_update BEFORE UPDATE ON public.streams FOR EACH ROW WHEN ((new.changed_in = old.changed_in)) EXECUTE FUNCTION public.number_change();

