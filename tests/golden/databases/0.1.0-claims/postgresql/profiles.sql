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

CREATE TABLE public.sealed_values (
    key text NOT NULL,
    sealed text NOT NULL,
    kept_until bigint
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

CREATE TABLE public.waiting (
    place bigint NOT NULL,
    event_id text NOT NULL,
    received_at bigint NOT NULL,
    sealed text NOT NULL,
    refused text,
    failures integer DEFAULT 0 NOT NULL,
    try_at bigint
);

CREATE TABLE public.waiting_lease (
    name text NOT NULL,
    holder text NOT NULL,
    until bigint NOT NULL
);

CREATE SEQUENCE public.waiting_place_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.waiting_place_seq OWNED BY public.waiting.place;

ALTER TABLE ONLY public.waiting ALTER COLUMN place SET DEFAULT nextval('public.waiting_place_seq'::regclass);

INSERT INTO public.alembic_version VALUES ('0004');

INSERT INTO public.events VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, '5e4dd827-2d04-5f43-a092-b33a0d7a082b', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-1ffb-718d-8625-520bfaf9f3f8","streams":[{"stream":"01a21999-1feb-752a-ae1b-0f4864e4bfef","version":1,"profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","epoch":1,"identifiers":[{"key":"email:f96fd834d2214d7e7248fddb5ceed417","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.e9aee86b-20fe-41f3-a961-334bdb70e84c","causation_id":"lea-1","joint":true}', 1788256800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 2, 'lea-1', 'order_completed', 1, '{"order_id":"1","revenue":60000,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.e9aee86b-20fe-41f3-a961-334bdb70e84c","profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","assurance":"claimed","authenticated":false}', 1788256800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2095-732a-bd31-98b02c535269', 1, '48bcb5bc-949c-5053-abfa-d3775c21f66b', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-2095-732a-bd31-98b1955e3f10","streams":[{"stream":"01a21999-2095-732a-bd31-98b02c535269","version":1,"profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","epoch":1,"identifiers":[{"key":"anonymous_id:c5c08802f2425b6c59bdb9f5bacaf8eb","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.c28617fb-814f-4d7c-b585-df5dda96a0a9","causation_id":"eve-1","joint":true}', 1790848800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2095-732a-bd31-98b02c535269', 2, 'eve-1', 'checkout_started', 1, '{}', '{"correlation_id":"standalone_rpc_proxy.call.c28617fb-814f-4d7c-b585-df5dda96a0a9","profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","assurance":"claimed","authenticated":false}', 1790848800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-20c2-7395-adfa-f2da850dbadb', 1, 'ae08ba7c-d88b-5f79-b4d5-32a7f5c2d67b', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-20c2-7395-adfa-f2dbc54cbe13","streams":[{"stream":"01a21999-20c2-7395-adfa-f2da850dbadb","version":1,"profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","epoch":1,"identifiers":[{"key":"user_id:293a9538c610f8ae2b67fe030c70a4b8","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.feddcc91-7877-4c8f-b020-52e7e0e39896","causation_id":"eve-2","joint":true}', 1790849100000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-20c2-7395-adfa-f2da850dbadb', 2, 'eve-2', 'signed_in', 1, '{}', '{"correlation_id":"standalone_rpc_proxy.call.feddcc91-7877-4c8f-b020-52e7e0e39896","profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","assurance":"verified","authenticated":true}', 1790849100000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 1, '9f70f0f3-866c-53a5-8ba2-8e75d304a953', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-2103-71a2-945a-e6f0f2e63b20","streams":[{"stream":"01a21999-2101-7559-a11f-518ba8ebb6fd","version":1,"profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","epoch":1,"identifiers":[{"key":"user_id:e337489e637308ba05082f79a6a7ed52","type":"user_id","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-2101-7559-a11f-518c714dd54b","version":1,"profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","epoch":1,"identifiers":[{"key":"email:f96fd834d2214d7e7248fddb5ceed417","type":"email","tenure":2,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.f197604f-4be7-4b01-bf8a-7125b161b614","causation_id":"lea-2","joint":true}', 1790935200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 2, 'lea-2', 'signed_in', 1, '{}', '{"correlation_id":"standalone_rpc_proxy.call.f197604f-4be7-4b01-bf8a-7125b161b614","profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","assurance":"verified","authenticated":true}', 1790935200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2101-7559-a11f-518c714dd54b', 1, '2056e1ad-38b1-52c2-bc3e-982e4ab1c86d', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-2103-71a2-945a-e6f0f2e63b20","streams":[{"stream":"01a21999-2101-7559-a11f-518ba8ebb6fd","version":1,"profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","epoch":1,"identifiers":[{"key":"user_id:e337489e637308ba05082f79a6a7ed52","type":"user_id","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-2101-7559-a11f-518c714dd54b","version":1,"profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","epoch":1,"identifiers":[{"key":"email:f96fd834d2214d7e7248fddb5ceed417","type":"email","tenure":2,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.f197604f-4be7-4b01-bf8a-7125b161b614","causation_id":"lea-2","joint":true}', 1790935200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 1, 'fdcec02f-928d-5202-a2a1-a3948e75918a', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-2124-74f7-888e-367629d665bb","streams":[{"stream":"01a21999-2123-7611-bfb1-e1d4450b4193","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-2123-7611-bfb1-e1d56a05ea66","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.d01bbb16-d46b-49db-a6b3-ef93da902ed0","causation_id":"cara-1","joint":true}', 1788343200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 2, 'cara-1', 'order_completed', 1, '{"order_id":"2","revenue":4200,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.d01bbb16-d46b-49db-a6b3-ef93da902ed0","profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","assurance":"device","authenticated":false}', 1788343200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 3, 'e3d6bb5b-902b-5a43-8df0-e0c32fe5dab1', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-215f-769a-826a-fca587d39767","streams":[{"stream":"01a21999-2123-7611-bfb1-e1d4450b4193","version":3,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"claimed"}]},{"stream":"01a21999-2123-7611-bfb1-e1d56a05ea66","version":2,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-215a-7340-a339-6a0c4e889074","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"user_id:92c16d1eda0ef7188aa24151a1960441","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.bedf3446-326b-4b43-b9f4-8c35e2031eaf","causation_id":"bob-1","joint":true}', 1791021600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d56a05ea66', 1, '88a90daf-44e8-54f5-8fa9-4028ee6f2939', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-2124-74f7-888e-367629d665bb","streams":[{"stream":"01a21999-2123-7611-bfb1-e1d4450b4193","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-2123-7611-bfb1-e1d56a05ea66","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.d01bbb16-d46b-49db-a6b3-ef93da902ed0","causation_id":"cara-1","joint":true}', 1788343200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d56a05ea66', 2, '731073bd-e59e-57f9-be39-03c2b76de226', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-215f-769a-826a-fca587d39767","streams":[{"stream":"01a21999-2123-7611-bfb1-e1d4450b4193","version":3,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"claimed"}]},{"stream":"01a21999-2123-7611-bfb1-e1d56a05ea66","version":2,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-215a-7340-a339-6a0c4e889074","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"user_id:92c16d1eda0ef7188aa24151a1960441","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.bedf3446-326b-4b43-b9f4-8c35e2031eaf","causation_id":"bob-1","joint":true}', 1791021600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-215a-7340-a339-6a0c4e889074', 1, '6907ebd4-9ce7-55ff-a994-739faf53bc7d', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-215f-769a-826a-fca587d39767","streams":[{"stream":"01a21999-2123-7611-bfb1-e1d4450b4193","version":3,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"claimed"}]},{"stream":"01a21999-2123-7611-bfb1-e1d56a05ea66","version":2,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-215a-7340-a339-6a0c4e889074","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"user_id:92c16d1eda0ef7188aa24151a1960441","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.bedf3446-326b-4b43-b9f4-8c35e2031eaf","causation_id":"bob-1","joint":true}', 1791021600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-215a-7340-a339-6a0c4e889074', 2, 'bob-1', 'order_completed', 1, '{"order_id":"3","revenue":2500,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.bedf3446-326b-4b43-b9f4-8c35e2031eaf","profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","assurance":"verified","authenticated":true}', 1791021600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 1, '5ae6ab40-6fbe-5158-bb44-f330cb6ac6fe', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-2187-723f-aa7d-701a01ab3c87","streams":[{"stream":"01a21999-2184-73f8-b15f-08b0a207229b","version":1,"profile_id":"01a21999-2184-73f8-b15f-08b0a207229b","epoch":1,"identifiers":[{"key":"user_id:082eca9ff542b1034f455d5dc78ae60a","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.a29484e3-bf87-4133-b2d8-0465b8e5ad4e","causation_id":"cara-2","joint":true}', 1791108000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 2, 'cara-2', 'signed_in', 1, '{}', '{"correlation_id":"standalone_rpc_proxy.call.a29484e3-bf87-4133-b2d8-0465b8e5ad4e","profile_id":"01a21999-2184-73f8-b15f-08b0a207229b","assurance":"verified","authenticated":true}', 1791108000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, 'bfa51fec-5df9-59e7-8e34-ae74b35821e3', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-21aa-7147-b4d2-d39239073a38","streams":[{"stream":"01a21999-21a9-73ce-92fa-15f9ce7431a1","version":1,"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","epoch":1,"identifiers":[{"key":"anonymous_id:3040809f88ef9bda781c88da7000dfc8","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-21a9-73ce-92fa-15faa14d8fba","version":1,"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","epoch":1,"identifiers":[{"key":"email:091b87540d523c95d7e940ed68794031","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.0793bccc-8d41-4b72-b771-016422ccb8d8","causation_id":"ann-1","joint":true}', 1788429600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 2, 'ann-1', 'order_completed', 1, '{"order_id":"4","revenue":9900,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.0793bccc-8d41-4b72-b771-016422ccb8d8","profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","assurance":"device","authenticated":false}', 1788429600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 3, 'ann-2', 'traits_changed', 1, '{"traits":{"first_name":"Ann"}}', '{"correlation_id":"standalone_rpc_proxy.call.1220a258-db56-4364-9b3a-7657397ac089","profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","assurance":"device","authenticated":false}', 1788429660000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21a9-73ce-92fa-15faa14d8fba', 1, '08cb727a-cc1f-5ffb-88ae-d88facf57968', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-21aa-7147-b4d2-d39239073a38","streams":[{"stream":"01a21999-21a9-73ce-92fa-15f9ce7431a1","version":1,"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","epoch":1,"identifiers":[{"key":"anonymous_id:3040809f88ef9bda781c88da7000dfc8","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-21a9-73ce-92fa-15faa14d8fba","version":1,"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","epoch":1,"identifiers":[{"key":"email:091b87540d523c95d7e940ed68794031","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.0793bccc-8d41-4b72-b771-016422ccb8d8","causation_id":"ann-1","joint":true}', 1788429600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21d8-76f6-865a-56d55a11ea22', 1, '1feba8c0-e057-5d97-8034-25dce3884703', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-21d9-7121-99f3-5a8b0631b0bc","streams":[{"stream":"01a21999-21d8-76f6-865a-56d55a11ea22","version":1,"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","epoch":1,"identifiers":[{"key":"anonymous_id:ef9d8af78a63cb229b955a276359e993","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.bf67e27d-c34a-4359-850c-a03542c8abc2","causation_id":"phone9-1","joint":true}', 1791194400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21d8-76f6-865a-56d55a11ea22', 2, 'phone9-1', 'checkout_started', 1, '{}', '{"correlation_id":"standalone_rpc_proxy.call.bf67e27d-c34a-4359-850c-a03542c8abc2","profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","assurance":"claimed","authenticated":false}', 1791194400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 1, 'a970f848-44d7-59c7-aca6-58328f6ab9b0', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-21f8-7663-b662-19eef46b2ac5","streams":[{"stream":"01a21999-21f8-7663-b662-19ec813dd37c","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:cacb694295ea8beaf2a874e6982eb3a9","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-21f8-7663-b662-19ed51d985dd","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"phone:d47c0a0d7cf77bb675aaf57e125ce7da","type":"phone","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.d105bb4a-d4e9-4fae-a66c-43bdfb6d1188","causation_id":"till-0","joint":true}', 1789034400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 2, 'till-0', 'order_completed', 1, '{"order_id":"till-order-0","revenue":1000,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.d105bb4a-d4e9-4fae-a66c-43bdfb6d1188","profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","assurance":"device","authenticated":false}', 1789034400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21f8-7663-b662-19ed51d985dd', 1, 'c9a99ff5-3f31-5bce-9886-6b3fea95d348', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-21f8-7663-b662-19eef46b2ac5","streams":[{"stream":"01a21999-21f8-7663-b662-19ec813dd37c","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:cacb694295ea8beaf2a874e6982eb3a9","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-21f8-7663-b662-19ed51d985dd","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"phone:d47c0a0d7cf77bb675aaf57e125ce7da","type":"phone","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.d105bb4a-d4e9-4fae-a66c-43bdfb6d1188","causation_id":"till-0","joint":true}', 1789034400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-220f-73af-85e8-d75dd4e607c5', 1, 'fcc2450d-4041-5628-9af5-22eef988bcb5', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-220f-73af-85e8-d75e008665d6","streams":[{"stream":"01a21999-220f-73af-85e8-d75dd4e607c5","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:8d9ce93cf337afad9243d16ceaedbaac","type":"device_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.7a74a313-9198-458a-b702-6b125ca0e1bb","causation_id":"till-1","joint":true}', 1789120800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-220f-73af-85e8-d75dd4e607c5', 2, 'till-1', 'order_completed', 1, '{"order_id":"till-order-1","revenue":1001,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.7a74a313-9198-458a-b702-6b125ca0e1bb","profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","assurance":"claimed","authenticated":false}', 1789120800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2221-70c9-94a6-42d057e8f395', 1, 'a0ee8e92-48bd-5aaa-aab4-f557e7b28488', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-2221-70c9-94a6-42d168ec1c4f","streams":[{"stream":"01a21999-2221-70c9-94a6-42d057e8f395","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:6463870da55e51744d489d1b8b967991","type":"device_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.318aaa9f-ff7c-43ed-81dd-189ad111b327","causation_id":"till-2","joint":true}', 1789207200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2221-70c9-94a6-42d057e8f395', 2, 'till-2', 'order_completed', 1, '{"order_id":"till-order-2","revenue":1002,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.318aaa9f-ff7c-43ed-81dd-189ad111b327","profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","assurance":"claimed","authenticated":false}', 1789207200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2248-7434-aa99-a3e84be214ab', 1, '77dfd783-3bbc-5be2-9a98-948b3a01f414', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-2249-7225-b5db-dbb5a2b57efb","streams":[{"stream":"01a21999-2248-7434-aa99-a3e84be214ab","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:7fa76eee4bdc27fabb665762087d8a10","type":"device_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.cf3e3be6-f33d-4017-8cc6-670aea7a0c1b","causation_id":"till-3","joint":true}', 1789293600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2248-7434-aa99-a3e84be214ab', 2, 'till-3', 'order_completed', 1, '{"order_id":"till-order-3","revenue":1003,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.cf3e3be6-f33d-4017-8cc6-670aea7a0c1b","profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","assurance":"claimed","authenticated":false}', 1789293600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-226c-70bc-9c48-588ea238b223', 1, 'be4ea909-dda3-567c-aecb-3668dbe41006', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-226d-75bd-b6b6-fda6cf6ece02","streams":[{"stream":"01a21999-226c-70bc-9c48-588ea238b223","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:0f4aa9fcee6efed094e4c96c874e34a0","type":"device_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.5fd867a6-32cc-4d07-9dfa-57f7062aca98","causation_id":"till-4","joint":true}', 1789380000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-226c-70bc-9c48-588ea238b223', 2, 'till-4', 'order_completed', 1, '{"order_id":"till-order-4","revenue":1004,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.5fd867a6-32cc-4d07-9dfa-57f7062aca98","profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","assurance":"claimed","authenticated":false}', 1789380000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-228a-75e9-a632-70276a1a80e4', 1, '10989ab1-6941-5c7c-b288-2b03a520e5af', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-228b-72cf-a226-1b787c333d3e","streams":[{"stream":"01a21999-228a-75e9-a632-70276a1a80e4","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:2238d73d6961b98cea8e4199e4310f27","type":"device_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.5e77c778-4168-4ee9-a3dd-4dbbd3fb61cc","causation_id":"till-5","joint":true}', 1789466400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-228a-75e9-a632-70276a1a80e4', 2, 'till-5', 'order_completed', 1, '{"order_id":"till-order-5","revenue":1005,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.5e77c778-4168-4ee9-a3dd-4dbbd3fb61cc","profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","assurance":"claimed","authenticated":false}', 1789466400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 1, 'ac8aeda4-4c75-52e1-8134-abbff8120ce9', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-22d3-73f9-98f2-97efd059766c","streams":[{"stream":"01a21999-22cf-7675-8c45-4c444fd0983b","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"device_id:e66130a777dac0dd4d70078ecd497ccc","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-22cf-7675-8c45-4c45a4b231df","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.67fa8e7f-14b9-45c2-a421-fb1f19d92319","causation_id":"nora-1","joint":true}', 1788516000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 2, 'nora-1', 'order_completed', 1, '{"order_id":"5","revenue":3300,"currency":"EUR","products":[]}', '{"correlation_id":"standalone_rpc_proxy.call.67fa8e7f-14b9-45c2-a421-fb1f19d92319","profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","assurance":"device","authenticated":false}', 1788516000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-22cf-7675-8c45-4c45a4b231df', 1, 'a04b6957-7e98-5a85-962b-afc187e7a03f', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-22d3-73f9-98f2-97efd059766c","streams":[{"stream":"01a21999-22cf-7675-8c45-4c444fd0983b","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"device_id:e66130a777dac0dd4d70078ecd497ccc","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-22cf-7675-8c45-4c45a4b231df","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.67fa8e7f-14b9-45c2-a421-fb1f19d92319","causation_id":"nora-1","joint":true}', 1788516000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-22cf-7675-8c45-4c45a4b231df', 2, '9db0dea7-5c59-5459-8a6d-faea94c79326', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-230b-73ab-adcd-49fee16f17b5","streams":[{"stream":"01a21999-22cf-7675-8c45-4c45a4b231df","version":2,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":2,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-230b-73ab-adcd-49fd345c9195","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"user_id:17f324b55d65ec6ebd7e78f1e1d5b140","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.856b2b56-c424-411f-880c-d0d7827cf4cb","causation_id":"nora-2","joint":true}', 1788602400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-230b-73ab-adcd-49fd345c9195', 1, 'e46dc27d-a034-5008-af4b-07af4d21ed06', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-230b-73ab-adcd-49fee16f17b5","streams":[{"stream":"01a21999-22cf-7675-8c45-4c45a4b231df","version":2,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":2,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-230b-73ab-adcd-49fd345c9195","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"user_id:17f324b55d65ec6ebd7e78f1e1d5b140","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.856b2b56-c424-411f-880c-d0d7827cf4cb","causation_id":"nora-2","joint":true}', 1788602400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-230b-73ab-adcd-49fd345c9195', 2, 'nora-2', 'signed_in', 1, '{}', '{"correlation_id":"standalone_rpc_proxy.call.856b2b56-c424-411f-880c-d0d7827cf4cb","profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","assurance":"verified","authenticated":true}', 1788602400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 1, '9123b7f9-f58e-572f-aafc-bb21e8be19f7', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-232d-71bc-a549-12178394e45d","streams":[{"stream":"01a21999-232d-71bc-a549-1216cc2dab24","version":1,"profile_id":"01a21999-232d-71bc-a549-1216cc2dab24","epoch":1,"identifiers":[{"key":"anonymous_id:11a943f8d1ac414e32242154f0a5c26f","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.7c83f177-c2ab-440a-972b-e21031b3d7af","causation_id":"kim-1","joint":true}', 1788688800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 2, 'kim-1', 'product_viewed', 1, '{"sku":"lamp"}', '{"correlation_id":"standalone_rpc_proxy.call.7c83f177-c2ab-440a-972b-e21031b3d7af","profile_id":"01a21999-232d-71bc-a549-1216cc2dab24","assurance":"device","authenticated":false}', 1788688800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-237c-7681-a72d-84efff088a09', 1, '00e67e24-ef37-579b-b4e1-8a94eab1bf91', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-237d-751c-ada3-03c970643807","streams":[{"stream":"01a21999-237c-7681-a72d-84efff088a09","version":1,"profile_id":"01a21999-237c-7681-a72d-84efff088a09","epoch":1,"identifiers":[{"key":"anonymous_id:67ee1721a94459aeb8b28c1813a62e64","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.87e0b5f5-72c3-4296-a726-f6211a81f725","causation_id":"kim-2","joint":true}', 1788688860000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-237c-7681-a72d-84efff088a09', 2, 'kim-2', 'product_viewed', 1, '{"sku":"vase"}', '{"correlation_id":"standalone_rpc_proxy.call.87e0b5f5-72c3-4296-a726-f6211a81f725","profile_id":"01a21999-237c-7681-a72d-84efff088a09","assurance":"device","authenticated":false}', 1788688860000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-237c-7681-a72d-84efff088a09', 3, 'ab0d1da3-3b7c-56b7-8ec4-72925dc1741b', 'identity_changed', 1, '{"reason":"merged","note":"she told us so","fact_id":"01a21999-23fb-7431-8c22-d31434ce8d78","streams":[{"stream":"01a21999-237c-7681-a72d-84efff088a09","version":3,"profile_id":"01a21999-232d-71bc-a549-1216cc2dab24","epoch":2,"identifiers":[{"key":"anonymous_id:67ee1721a94459aeb8b28c1813a62e64","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}', '{"joint":true}', 1795176000000000, 1795176000000000);

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

INSERT INTO public.positions VALUES ('identity', '01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-2095-732a-bd31-98b02c535269', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-20c2-7395-adfa-f2da850dbadb', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-2101-7559-a11f-518ba8ebb6fd', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-2101-7559-a11f-518c714dd54b', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-2123-7611-bfb1-e1d4450b4193', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-2123-7611-bfb1-e1d56a05ea66', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-215a-7340-a339-6a0c4e889074', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-2184-73f8-b15f-08b0a207229b', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-21a9-73ce-92fa-15faa14d8fba', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-21d8-76f6-865a-56d55a11ea22', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-21f8-7663-b662-19ec813dd37c', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-21f8-7663-b662-19ed51d985dd', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-220f-73af-85e8-d75dd4e607c5', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-2221-70c9-94a6-42d057e8f395', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-2248-7434-aa99-a3e84be214ab', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-226c-70bc-9c48-588ea238b223', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-228a-75e9-a632-70276a1a80e4', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-22cf-7675-8c45-4c444fd0983b', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-22cf-7675-8c45-4c45a4b231df', 2, 2, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-230b-73ab-adcd-49fd345c9195', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-232d-71bc-a549-1216cc2dab24', 1, 1, false, NULL);
INSERT INTO public.positions VALUES ('identity', '01a21999-237c-7681-a72d-84efff088a09', 2, 2, false, NULL);

INSERT INTO public.reconciled VALUES ('identity', 0, 1, 173172, '', 1, NULL, NULL, NULL, NULL, NULL, 1795725795473871, 1795725795462714, 0);

INSERT INTO public.sealed_values VALUES ('anonymous_id:11a943f8d1ac414e32242154f0a5c26f', 'hhENkDbwpl8qMNLIQDS99TvHlqyEQlAPhGYX/TmNdhc4XyezIQ==', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('anonymous_id:3040809f88ef9bda781c88da7000dfc8', 'yx43iwkRMpPZi3WrJUm5V/k6ejiXKyXrSBrQx91TeJCUKC4I4a0=', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('anonymous_id:67ee1721a94459aeb8b28c1813a62e64', 'cqVDaaHw8anqCROSvKWaZaSD5ttiOgMnGLq4901hn1quMg==', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('anonymous_id:c5c08802f2425b6c59bdb9f5bacaf8eb', 'XBQzOjVZ/9rZhooYGy3PEBt6W1CWbS1VcMGdLXYD', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('anonymous_id:df839c89575c61a82e0d4575abc8b08a', 'kh6rcxDRjcIAd99lKJFbNj1tlf4yIRQjhiTelvwuEZ2kaQ==', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('anonymous_id:ef9d8af78a63cb229b955a276359e993', 'czPpWb5GH3y++YvQV5lx6cJ8zUkJggit9UJ7ilIrYGeNjg==', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('device_id:0f4aa9fcee6efed094e4c96c874e34a0', '/az0C3qzZK6bdl00wHjM0ZyBQtStUzHX9N8uUAvBk9zGi8UUbbqhQfqf8Q==', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('device_id:2238d73d6961b98cea8e4199e4310f27', 'SSVOecHrnAwmh3qRmrO/pwvAh0lWhuRyKl3dtmGQbwvWBPM84kCetxPN7g==', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('device_id:6463870da55e51744d489d1b8b967991', 'qBgDh0BougFsRk9e+mGgQLbIcVNagr5FknCtPKbkFmY0BqLj+xSnhFYgiQ==', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('device_id:7fa76eee4bdc27fabb665762087d8a10', 'r+uFei3Pj6NJ0Ix899WU40AIxn4n18DpTpE3W3Oe/l2rFkSa2+jfXhXOxg==', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('device_id:8d9ce93cf337afad9243d16ceaedbaac', 'hj17QleforBTnotubRbgV29w20cUxSzJpKiT7MtdgaA8ELCOU9MoKGkTqg==', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('device_id:cacb694295ea8beaf2a874e6982eb3a9', 'MzHiPXDc4cI533ohIZmZmM2+ayPRcBCLWim1Zx5U1iZHGBKT28dbtxQp5A==', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('device_id:e66130a777dac0dd4d70078ecd497ccc', 'NhAEJEeEu/R7zEwS0XB6DSYInoJnEm233/CDEKRE6wYJ/sL1Z64J', 1829304000000000);
INSERT INTO public.sealed_values VALUES ('email:091b87540d523c95d7e940ed68794031', '/0185iEmoQSGKn0rmuSZDE9KOxfOLUyFG1XZRnu/7rvS63ZHdHFcuTIwmw==', NULL);
INSERT INTO public.sealed_values VALUES ('email:90e9d64238680f47e37c31e494079251', 'XGXE1RM9ZhiOfU39ZYO65kD5ubJMzptOIBcsPetKlA0ULMAbV3OBQGskTaQ=', NULL);
INSERT INTO public.sealed_values VALUES ('email:ef55b0ecfa8f4e369b44b7a3c7a943c3', 'JdmGTcMz9ubZQzv2rVn6/EO2wge76cLuQfPNtKPGtRZ08J2gaUEoH+he7Rk=', NULL);
INSERT INTO public.sealed_values VALUES ('email:f96fd834d2214d7e7248fddb5ceed417', 'lRLU4m7/smNWo55pPcKH34NRipIePCOJSWfOIqI/bsWNRWyvPFvODnpYSw==', NULL);
INSERT INTO public.sealed_values VALUES ('phone:d47c0a0d7cf77bb675aaf57e125ce7da', '0najSdOpkhec7NgbfckzgW/ZdkSxnL9awV0g0OkV8+RcQARCTYgiLy8=', NULL);
INSERT INTO public.sealed_values VALUES ('user_id:082eca9ff542b1034f455d5dc78ae60a', 'Ej8apU3d/FuhIPnRcvX0SP3fApRCPhRTVvtSFeLSKhY=', NULL);
INSERT INTO public.sealed_values VALUES ('user_id:17f324b55d65ec6ebd7e78f1e1d5b140', 'qKbRZd7ljBlD99LGcgJEqnkpsdhUytZIu54h2575hjg=', NULL);
INSERT INTO public.sealed_values VALUES ('user_id:293a9538c610f8ae2b67fe030c70a4b8', 'kRKaQA3XllwtBTD/5DlErdp2PO9/vfqRaGS8O5gkow==', NULL);
INSERT INTO public.sealed_values VALUES ('user_id:92c16d1eda0ef7188aa24151a1960441', 'tN6ZNDmYOX3ECCDYYjnasAJZHx+c0Fbmxa+pORUzPw==', NULL);
INSERT INTO public.sealed_values VALUES ('user_id:e337489e637308ba05082f79a6a7ed52', 'yW59r01Zj8r6jl2TrVzJocT4SQuFHxfAPDrd5WSZhg==', NULL);

INSERT INTO public.streams VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 2, 1795725795417341, 173197, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2095-732a-bd31-98b02c535269', 2, 1795725795485731, 173216, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-20c2-7395-adfa-f2da850dbadb', 2, 1795725795548500, 173224, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 2, 1795725795599280, 173231, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2101-7559-a11f-518c714dd54b', 1, 1795725795599354, 173231, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 3, 1795725795689027, 173246, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2123-7611-bfb1-e1d56a05ea66', 2, 1795725795689106, 173246, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-215a-7340-a339-6a0c4e889074', 2, 1795725795689112, 173246, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 2, 1795725795741705, 173255, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 3, 1795725795782994, 173265, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21a9-73ce-92fa-15faa14d8fba', 1, 1795725795767403, 173262, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21d8-76f6-865a-56d55a11ea22', 2, 1795725795808145, 173271, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 2, 1795725795837388, 173279, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21f8-7663-b662-19ed51d985dd', 1, 1795725795837428, 173279, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-220f-73af-85e8-d75dd4e607c5', 2, 1795725795863427, 173284, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2221-70c9-94a6-42d057e8f395', 2, 1795725795885592, 173290, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2248-7434-aa99-a3e84be214ab', 2, 1795725795925078, 173297, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-226c-70bc-9c48-588ea238b223', 2, 1795725795961970, 173304, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-228a-75e9-a632-70276a1a80e4', 2, 1795725796012131, 173309, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 2, 1795725796082816, 173315, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-22cf-7675-8c45-4c45a4b231df', 2, 1795725796117109, 173322, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-230b-73ab-adcd-49fd345c9195', 2, 1795725796117183, 173322, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 2, 1795725796154240, 173327, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-237c-7681-a72d-84efff088a09', 3, 1795725796573752, 173350, 1, 0);

SELECT pg_catalog.setval('public.waiting_place_seq', 1, false);

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

ALTER TABLE ONLY public.log_incarnations
    ADD CONSTRAINT log_incarnations_pkey PRIMARY KEY (incarnation);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (source, stream_id);

ALTER TABLE ONLY public.reconciled
    ADD CONSTRAINT reconciled_pkey PRIMARY KEY (source);

ALTER TABLE ONLY public.replicas
    ADD CONSTRAINT replicas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sealed_values
    ADD CONSTRAINT sealed_values_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.waiting
    ADD CONSTRAINT waiting_event_id_key UNIQUE (event_id);

ALTER TABLE ONLY public.waiting_lease
    ADD CONSTRAINT waiting_lease_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.waiting
    ADD CONSTRAINT waiting_pkey PRIMARY KEY (place);

CREATE INDEX dead_letters_by_time ON public.dead_letters USING btree (source, died_at);

CREATE INDEX dead_letters_open ON public.dead_letters USING btree (id) WHERE (redriven_at IS NULL);

CREATE INDEX ix_identifiers_stream_id ON public.identifiers USING btree (stream_id);

CREATE INDEX ix_labels_profile_id ON public.labels USING btree (profile_id);

CREATE INDEX ix_outbox_claimed_at ON public.outbox USING btree (claimed_at);

CREATE INDEX ix_sealed_values_kept_until ON public.sealed_values USING btree (kept_until);

CREATE INDEX positions_ahead ON public.positions USING btree (source, stream_id) WHERE (restored_to IS NOT NULL);

CREATE INDEX positions_behind ON public.positions USING btree (source, stream_id) WHERE (seen > version);

CREATE INDEX streams_by_transaction ON public.streams USING btree (incarnation, changed_in, stream_id);

CREATE INDEX waiting_in_queue ON public.waiting USING btree (place) WHERE (refused IS NULL);

CREATE INDEX waiting_refused ON public.waiting USING btree (place) WHERE (refused IS NOT NULL);

CREATE INDEX waiting_to_try ON public.waiting USING btree (try_at) WHERE (try_at IS NOT NULL);

CREATE TRIGGER events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER streams_number_insert BEFORE INSERT ON public.streams FOR EACH ROW WHEN ((new.changed_in = 0)) EXECUTE FUNCTION public.number_change();

CREATE TRIGGER streams_number_update BEFORE UPDATE ON public.streams FOR EACH ROW WHEN ((new.changed_in = old.changed_in)) EXECUTE FUNCTION public.number_change();

