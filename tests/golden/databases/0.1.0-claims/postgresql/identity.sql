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

CREATE TABLE public.keys (
    key text NOT NULL
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

CREATE TABLE public.profiles (
    profile_id text NOT NULL
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

CREATE TABLE public.reviews (
    id text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    about text NOT NULL,
    reason text NOT NULL,
    event_id text NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    done_at bigint
);

CREATE TABLE public.streams (
    stream_id text NOT NULL,
    version integer NOT NULL,
    changed_at bigint NOT NULL,
    changed_in bigint DEFAULT '0'::bigint NOT NULL,
    incarnation integer DEFAULT 1 NOT NULL,
    restored_to integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.tenures (
    stream_id text NOT NULL,
    key text NOT NULL,
    number integer NOT NULL,
    opened_at bigint NOT NULL,
    founded_at bigint NOT NULL,
    profile_id text NOT NULL,
    epoch integer NOT NULL,
    assurance text NOT NULL,
    bond text NOT NULL,
    bound_at bigint,
    current boolean NOT NULL,
    parted text DEFAULT ''::text NOT NULL,
    verified boolean DEFAULT false NOT NULL,
    merges integer DEFAULT 0 NOT NULL
);

INSERT INTO public.alembic_version VALUES ('0005');

INSERT INTO public.events VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, '5e4dd827-2d04-5f43-a092-b33a0d7a082b', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-1ffb-718d-8625-520bfaf9f3f8","streams":[{"stream":"01a21999-1feb-752a-ae1b-0f4864e4bfef","version":1,"profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","epoch":1,"identifiers":[{"key":"email:f96fd834d2214d7e7248fddb5ceed417","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.e9aee86b-20fe-41f3-a961-334bdb70e84c","causation_id":"lea-1","joint":true}', 1788256800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2095-732a-bd31-98b02c535269', 1, '48bcb5bc-949c-5053-abfa-d3775c21f66b', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-2095-732a-bd31-98b1955e3f10","streams":[{"stream":"01a21999-2095-732a-bd31-98b02c535269","version":1,"profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","epoch":1,"identifiers":[{"key":"anonymous_id:c5c08802f2425b6c59bdb9f5bacaf8eb","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.c28617fb-814f-4d7c-b585-df5dda96a0a9","causation_id":"eve-1","joint":true}', 1790848800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-20c2-7395-adfa-f2da850dbadb', 1, 'ae08ba7c-d88b-5f79-b4d5-32a7f5c2d67b', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-20c2-7395-adfa-f2dbc54cbe13","streams":[{"stream":"01a21999-20c2-7395-adfa-f2da850dbadb","version":1,"profile_id":"01a21999-1feb-752a-ae1b-0f4864e4bfef","epoch":1,"identifiers":[{"key":"user_id:293a9538c610f8ae2b67fe030c70a4b8","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.feddcc91-7877-4c8f-b020-52e7e0e39896","causation_id":"eve-2","joint":true}', 1790849100000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 1, '9f70f0f3-866c-53a5-8ba2-8e75d304a953', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-2103-71a2-945a-e6f0f2e63b20","streams":[{"stream":"01a21999-2101-7559-a11f-518ba8ebb6fd","version":1,"profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","epoch":1,"identifiers":[{"key":"user_id:e337489e637308ba05082f79a6a7ed52","type":"user_id","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-2101-7559-a11f-518c714dd54b","version":1,"profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","epoch":1,"identifiers":[{"key":"email:f96fd834d2214d7e7248fddb5ceed417","type":"email","tenure":2,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.f197604f-4be7-4b01-bf8a-7125b161b614","causation_id":"lea-2","joint":true}', 1790935200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2101-7559-a11f-518c714dd54b', 1, '2056e1ad-38b1-52c2-bc3e-982e4ab1c86d', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-2103-71a2-945a-e6f0f2e63b20","streams":[{"stream":"01a21999-2101-7559-a11f-518ba8ebb6fd","version":1,"profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","epoch":1,"identifiers":[{"key":"user_id:e337489e637308ba05082f79a6a7ed52","type":"user_id","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-2101-7559-a11f-518c714dd54b","version":1,"profile_id":"01a21999-2101-7559-a11f-518ba8ebb6fd","epoch":1,"identifiers":[{"key":"email:f96fd834d2214d7e7248fddb5ceed417","type":"email","tenure":2,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.f197604f-4be7-4b01-bf8a-7125b161b614","causation_id":"lea-2","joint":true}', 1790935200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 1, 'fdcec02f-928d-5202-a2a1-a3948e75918a', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-2124-74f7-888e-367629d665bb","streams":[{"stream":"01a21999-2123-7611-bfb1-e1d4450b4193","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-2123-7611-bfb1-e1d56a05ea66","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.d01bbb16-d46b-49db-a6b3-ef93da902ed0","causation_id":"cara-1","joint":true}', 1788343200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 2, 'e3d6bb5b-902b-5a43-8df0-e0c32fe5dab1', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-215f-769a-826a-fca587d39767","streams":[{"stream":"01a21999-2123-7611-bfb1-e1d4450b4193","version":2,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"claimed"}]},{"stream":"01a21999-2123-7611-bfb1-e1d56a05ea66","version":2,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-215a-7340-a339-6a0c4e889074","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"user_id:92c16d1eda0ef7188aa24151a1960441","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.bedf3446-326b-4b43-b9f4-8c35e2031eaf","causation_id":"bob-1","joint":true}', 1791021600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d56a05ea66', 1, '88a90daf-44e8-54f5-8fa9-4028ee6f2939', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-2124-74f7-888e-367629d665bb","streams":[{"stream":"01a21999-2123-7611-bfb1-e1d4450b4193","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-2123-7611-bfb1-e1d56a05ea66","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.d01bbb16-d46b-49db-a6b3-ef93da902ed0","causation_id":"cara-1","joint":true}', 1788343200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2123-7611-bfb1-e1d56a05ea66', 2, '731073bd-e59e-57f9-be39-03c2b76de226', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-215f-769a-826a-fca587d39767","streams":[{"stream":"01a21999-2123-7611-bfb1-e1d4450b4193","version":2,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"claimed"}]},{"stream":"01a21999-2123-7611-bfb1-e1d56a05ea66","version":2,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-215a-7340-a339-6a0c4e889074","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"user_id:92c16d1eda0ef7188aa24151a1960441","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.bedf3446-326b-4b43-b9f4-8c35e2031eaf","causation_id":"bob-1","joint":true}', 1791021600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-215a-7340-a339-6a0c4e889074', 1, '6907ebd4-9ce7-55ff-a994-739faf53bc7d', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-215f-769a-826a-fca587d39767","streams":[{"stream":"01a21999-2123-7611-bfb1-e1d4450b4193","version":2,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"claimed"}]},{"stream":"01a21999-2123-7611-bfb1-e1d56a05ea66","version":2,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":2,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-215a-7340-a339-6a0c4e889074","version":1,"profile_id":"01a21999-2123-7611-bfb1-e1d4450b4193","epoch":1,"identifiers":[{"key":"user_id:92c16d1eda0ef7188aa24151a1960441","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.bedf3446-326b-4b43-b9f4-8c35e2031eaf","causation_id":"bob-1","joint":true}', 1791021600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 1, '5ae6ab40-6fbe-5158-bb44-f330cb6ac6fe', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-2187-723f-aa7d-701a01ab3c87","streams":[{"stream":"01a21999-2184-73f8-b15f-08b0a207229b","version":1,"profile_id":"01a21999-2184-73f8-b15f-08b0a207229b","epoch":1,"identifiers":[{"key":"user_id:082eca9ff542b1034f455d5dc78ae60a","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.a29484e3-bf87-4133-b2d8-0465b8e5ad4e","causation_id":"cara-2","joint":true}', 1791108000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, 'bfa51fec-5df9-59e7-8e34-ae74b35821e3', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-21aa-7147-b4d2-d39239073a38","streams":[{"stream":"01a21999-21a9-73ce-92fa-15f9ce7431a1","version":1,"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","epoch":1,"identifiers":[{"key":"anonymous_id:3040809f88ef9bda781c88da7000dfc8","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-21a9-73ce-92fa-15faa14d8fba","version":1,"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","epoch":1,"identifiers":[{"key":"email:091b87540d523c95d7e940ed68794031","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.0793bccc-8d41-4b72-b771-016422ccb8d8","causation_id":"ann-1","joint":true}', 1788429600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21a9-73ce-92fa-15faa14d8fba', 1, '08cb727a-cc1f-5ffb-88ae-d88facf57968', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-21aa-7147-b4d2-d39239073a38","streams":[{"stream":"01a21999-21a9-73ce-92fa-15f9ce7431a1","version":1,"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","epoch":1,"identifiers":[{"key":"anonymous_id:3040809f88ef9bda781c88da7000dfc8","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-21a9-73ce-92fa-15faa14d8fba","version":1,"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","epoch":1,"identifiers":[{"key":"email:091b87540d523c95d7e940ed68794031","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.0793bccc-8d41-4b72-b771-016422ccb8d8","causation_id":"ann-1","joint":true}', 1788429600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21d8-76f6-865a-56d55a11ea22', 1, '1feba8c0-e057-5d97-8034-25dce3884703', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-21d9-7121-99f3-5a8b0631b0bc","streams":[{"stream":"01a21999-21d8-76f6-865a-56d55a11ea22","version":1,"profile_id":"01a21999-21a9-73ce-92fa-15f9ce7431a1","epoch":1,"identifiers":[{"key":"anonymous_id:ef9d8af78a63cb229b955a276359e993","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.bf67e27d-c34a-4359-850c-a03542c8abc2","causation_id":"phone9-1","joint":true}', 1791194400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 1, 'a970f848-44d7-59c7-aca6-58328f6ab9b0', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-21f8-7663-b662-19eef46b2ac5","streams":[{"stream":"01a21999-21f8-7663-b662-19ec813dd37c","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:cacb694295ea8beaf2a874e6982eb3a9","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-21f8-7663-b662-19ed51d985dd","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"phone:d47c0a0d7cf77bb675aaf57e125ce7da","type":"phone","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.d105bb4a-d4e9-4fae-a66c-43bdfb6d1188","causation_id":"till-0","joint":true}', 1789034400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-21f8-7663-b662-19ed51d985dd', 1, 'c9a99ff5-3f31-5bce-9886-6b3fea95d348', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-21f8-7663-b662-19eef46b2ac5","streams":[{"stream":"01a21999-21f8-7663-b662-19ec813dd37c","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:cacb694295ea8beaf2a874e6982eb3a9","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-21f8-7663-b662-19ed51d985dd","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"phone:d47c0a0d7cf77bb675aaf57e125ce7da","type":"phone","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.d105bb4a-d4e9-4fae-a66c-43bdfb6d1188","causation_id":"till-0","joint":true}', 1789034400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-220f-73af-85e8-d75dd4e607c5', 1, 'fcc2450d-4041-5628-9af5-22eef988bcb5', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-220f-73af-85e8-d75e008665d6","streams":[{"stream":"01a21999-220f-73af-85e8-d75dd4e607c5","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:8d9ce93cf337afad9243d16ceaedbaac","type":"device_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.7a74a313-9198-458a-b702-6b125ca0e1bb","causation_id":"till-1","joint":true}', 1789120800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2221-70c9-94a6-42d057e8f395', 1, 'a0ee8e92-48bd-5aaa-aab4-f557e7b28488', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-2221-70c9-94a6-42d168ec1c4f","streams":[{"stream":"01a21999-2221-70c9-94a6-42d057e8f395","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:6463870da55e51744d489d1b8b967991","type":"device_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.318aaa9f-ff7c-43ed-81dd-189ad111b327","causation_id":"till-2","joint":true}', 1789207200000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-2248-7434-aa99-a3e84be214ab', 1, '77dfd783-3bbc-5be2-9a98-948b3a01f414', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-2249-7225-b5db-dbb5a2b57efb","streams":[{"stream":"01a21999-2248-7434-aa99-a3e84be214ab","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:7fa76eee4bdc27fabb665762087d8a10","type":"device_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.cf3e3be6-f33d-4017-8cc6-670aea7a0c1b","causation_id":"till-3","joint":true}', 1789293600000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-226c-70bc-9c48-588ea238b223', 1, 'be4ea909-dda3-567c-aecb-3668dbe41006', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-226d-75bd-b6b6-fda6cf6ece02","streams":[{"stream":"01a21999-226c-70bc-9c48-588ea238b223","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:0f4aa9fcee6efed094e4c96c874e34a0","type":"device_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.5fd867a6-32cc-4d07-9dfa-57f7062aca98","causation_id":"till-4","joint":true}', 1789380000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-228a-75e9-a632-70276a1a80e4', 1, '10989ab1-6941-5c7c-b288-2b03a520e5af', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-228b-72cf-a226-1b787c333d3e","streams":[{"stream":"01a21999-228a-75e9-a632-70276a1a80e4","version":1,"profile_id":"01a21999-21f8-7663-b662-19ec813dd37c","epoch":1,"identifiers":[{"key":"device_id:2238d73d6961b98cea8e4199e4310f27","type":"device_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.5e77c778-4168-4ee9-a3dd-4dbbd3fb61cc","causation_id":"till-5","joint":true}', 1789466400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 1, 'ac8aeda4-4c75-52e1-8134-abbff8120ce9', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-22d3-73f9-98f2-97efd059766c","streams":[{"stream":"01a21999-22cf-7675-8c45-4c444fd0983b","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"device_id:e66130a777dac0dd4d70078ecd497ccc","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-22cf-7675-8c45-4c45a4b231df","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.67fa8e7f-14b9-45c2-a421-fb1f19d92319","causation_id":"nora-1","joint":true}', 1788516000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-22cf-7675-8c45-4c45a4b231df', 1, 'a04b6957-7e98-5a85-962b-afc187e7a03f', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-22d3-73f9-98f2-97efd059766c","streams":[{"stream":"01a21999-22cf-7675-8c45-4c444fd0983b","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"device_id:e66130a777dac0dd4d70078ecd497ccc","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a21999-22cf-7675-8c45-4c45a4b231df","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"claimed"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.67fa8e7f-14b9-45c2-a421-fb1f19d92319","causation_id":"nora-1","joint":true}', 1788516000000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-22cf-7675-8c45-4c45a4b231df', 2, '9db0dea7-5c59-5459-8a6d-faea94c79326', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-230b-73ab-adcd-49fee16f17b5","streams":[{"stream":"01a21999-22cf-7675-8c45-4c45a4b231df","version":2,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":2,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-230b-73ab-adcd-49fd345c9195","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"user_id:17f324b55d65ec6ebd7e78f1e1d5b140","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.856b2b56-c424-411f-880c-d0d7827cf4cb","causation_id":"nora-2","joint":true}', 1788602400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-230b-73ab-adcd-49fd345c9195', 1, 'e46dc27d-a034-5008-af4b-07af4d21ed06', 'identity_changed', 1, '{"reason":"linked","fact_id":"01a21999-230b-73ab-adcd-49fee16f17b5","streams":[{"stream":"01a21999-22cf-7675-8c45-4c45a4b231df","version":2,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":2,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a21999-230b-73ab-adcd-49fd345c9195","version":1,"profile_id":"01a21999-22cf-7675-8c45-4c444fd0983b","epoch":1,"identifiers":[{"key":"user_id:17f324b55d65ec6ebd7e78f1e1d5b140","type":"user_id","tenure":1,"assurance":"verified"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.856b2b56-c424-411f-880c-d0d7827cf4cb","causation_id":"nora-2","joint":true}', 1788602400000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 1, '9123b7f9-f58e-572f-aafc-bb21e8be19f7', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-232d-71bc-a549-12178394e45d","streams":[{"stream":"01a21999-232d-71bc-a549-1216cc2dab24","version":1,"profile_id":"01a21999-232d-71bc-a549-1216cc2dab24","epoch":1,"identifiers":[{"key":"anonymous_id:11a943f8d1ac414e32242154f0a5c26f","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.7c83f177-c2ab-440a-972b-e21031b3d7af","causation_id":"kim-1","joint":true}', 1788688800000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-237c-7681-a72d-84efff088a09', 1, '00e67e24-ef37-579b-b4e1-8a94eab1bf91', 'identity_changed', 1, '{"reason":"created","fact_id":"01a21999-237d-751c-ada3-03c970643807","streams":[{"stream":"01a21999-237c-7681-a72d-84efff088a09","version":1,"profile_id":"01a21999-237c-7681-a72d-84efff088a09","epoch":1,"identifiers":[{"key":"anonymous_id:67ee1721a94459aeb8b28c1813a62e64","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.87e0b5f5-72c3-4296-a726-f6211a81f725","causation_id":"kim-2","joint":true}', 1788688860000000, 1795176000000000);
INSERT INTO public.events VALUES ('01a21999-237c-7681-a72d-84efff088a09', 2, 'ab0d1da3-3b7c-56b7-8ec4-72925dc1741b', 'identity_changed', 1, '{"reason":"merged","note":"she told us so","fact_id":"01a21999-23fb-7431-8c22-d31434ce8d78","streams":[{"stream":"01a21999-237c-7681-a72d-84efff088a09","version":2,"profile_id":"01a21999-232d-71bc-a549-1216cc2dab24","epoch":2,"identifiers":[{"key":"anonymous_id:67ee1721a94459aeb8b28c1813a62e64","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}', '{"correlation_id":"standalone_rpc_proxy.call.bf59a362-d210-4a09-a8b3-887095c1686c","joint":true}', 1795176000000000, 1795176000000000);

INSERT INTO public.keys VALUES ('anonymous_id:11a943f8d1ac414e32242154f0a5c26f');
INSERT INTO public.keys VALUES ('anonymous_id:3040809f88ef9bda781c88da7000dfc8');
INSERT INTO public.keys VALUES ('anonymous_id:67ee1721a94459aeb8b28c1813a62e64');
INSERT INTO public.keys VALUES ('anonymous_id:c5c08802f2425b6c59bdb9f5bacaf8eb');
INSERT INTO public.keys VALUES ('anonymous_id:df839c89575c61a82e0d4575abc8b08a');
INSERT INTO public.keys VALUES ('anonymous_id:ef9d8af78a63cb229b955a276359e993');
INSERT INTO public.keys VALUES ('device_id:0f4aa9fcee6efed094e4c96c874e34a0');
INSERT INTO public.keys VALUES ('device_id:2238d73d6961b98cea8e4199e4310f27');
INSERT INTO public.keys VALUES ('device_id:6463870da55e51744d489d1b8b967991');
INSERT INTO public.keys VALUES ('device_id:7fa76eee4bdc27fabb665762087d8a10');
INSERT INTO public.keys VALUES ('device_id:8d9ce93cf337afad9243d16ceaedbaac');
INSERT INTO public.keys VALUES ('device_id:cacb694295ea8beaf2a874e6982eb3a9');
INSERT INTO public.keys VALUES ('device_id:e66130a777dac0dd4d70078ecd497ccc');
INSERT INTO public.keys VALUES ('email:091b87540d523c95d7e940ed68794031');
INSERT INTO public.keys VALUES ('email:90e9d64238680f47e37c31e494079251');
INSERT INTO public.keys VALUES ('email:ef55b0ecfa8f4e369b44b7a3c7a943c3');
INSERT INTO public.keys VALUES ('email:f96fd834d2214d7e7248fddb5ceed417');
INSERT INTO public.keys VALUES ('phone:d47c0a0d7cf77bb675aaf57e125ce7da');
INSERT INTO public.keys VALUES ('user_id:082eca9ff542b1034f455d5dc78ae60a');
INSERT INTO public.keys VALUES ('user_id:17f324b55d65ec6ebd7e78f1e1d5b140');
INSERT INTO public.keys VALUES ('user_id:293a9538c610f8ae2b67fe030c70a4b8');
INSERT INTO public.keys VALUES ('user_id:92c16d1eda0ef7188aa24151a1960441');
INSERT INTO public.keys VALUES ('user_id:e337489e637308ba05082f79a6a7ed52');

INSERT INTO public.log_incarnations VALUES (1, '', 0);

INSERT INTO public.profiles VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef');
INSERT INTO public.profiles VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd');
INSERT INTO public.profiles VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193');
INSERT INTO public.profiles VALUES ('01a21999-2184-73f8-b15f-08b0a207229b');
INSERT INTO public.profiles VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1');
INSERT INTO public.profiles VALUES ('01a21999-21f8-7663-b662-19ec813dd37c');
INSERT INTO public.profiles VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b');
INSERT INTO public.profiles VALUES ('01a21999-232d-71bc-a549-1216cc2dab24');
INSERT INTO public.profiles VALUES ('01a21999-237c-7681-a72d-84efff088a09');

INSERT INTO public.reviews VALUES ('01a21999-218f-778c-8922-25da264f0196', 'merge_refused', '01a21999-2184-73f8-b15f-08b0a207229b', 'email:90e9d64238680f47e37c31e494079251', 'it belongs to another account', 'cara-2', 1795176000000000, 1795176000000000, NULL);

INSERT INTO public.streams VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, 1795725795343414, 173177, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2095-732a-bd31-98b02c535269', 1, 1795725795478356, 173211, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-20c2-7395-adfa-f2da850dbadb', 1, 1795725795522796, 173218, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 1, 1795725795587921, 173228, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2101-7559-a11f-518c714dd54b', 1, 1795725795587969, 173228, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 2, 1795725795683314, 173245, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2123-7611-bfb1-e1d56a05ea66', 2, 1795725795683393, 173245, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-215a-7340-a339-6a0c4e889074', 1, 1795725795683407, 173245, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 1, 1795725795719857, 173250, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, 1795725795755351, 173259, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21a9-73ce-92fa-15faa14d8fba', 1, 1795725795755391, 173259, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21d8-76f6-865a-56d55a11ea22', 1, 1795725795801816, 173269, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 1, 1795725795832965, 173274, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-21f8-7663-b662-19ed51d985dd', 1, 1795725795833006, 173274, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-220f-73af-85e8-d75dd4e607c5', 1, 1795725795855976, 173281, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2221-70c9-94a6-42d057e8f395', 1, 1795725795873659, 173286, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-2248-7434-aa99-a3e84be214ab', 1, 1795725795913677, 173294, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-226c-70bc-9c48-588ea238b223', 1, 1795725795949411, 173300, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-228a-75e9-a632-70276a1a80e4', 1, 1795725795979410, 173306, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 1, 1795725796052094, 173310, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-22cf-7675-8c45-4c45a4b231df', 2, 1795725796107983, 173319, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-230b-73ab-adcd-49fd345c9195', 1, 1795725796108036, 173319, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 1, 1795725796141675, 173324, 1, 0);
INSERT INTO public.streams VALUES ('01a21999-237c-7681-a72d-84efff088a09', 2, 1795725796348077, 173347, 1, 0);

INSERT INTO public.tenures VALUES ('01a21999-1feb-752a-ae1b-0f4864e4bfef', 'email:f96fd834d2214d7e7248fddb5ceed417', 1, -4611686018427387904, 1788256800000000, '01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, 'claimed', '01a21999-1feb-752a-ae1b-0f4864e4bfef', NULL, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-2095-732a-bd31-98b02c535269', 'anonymous_id:c5c08802f2425b6c59bdb9f5bacaf8eb', 1, -4611686018427387904, 1790848800000000, '01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, 'device', '01a21999-2095-732a-bd31-98b02c535269', 1790849100000000, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-20c2-7395-adfa-f2da850dbadb', 'user_id:293a9538c610f8ae2b67fe030c70a4b8', 1, -4611686018427387904, 1790849100000000, '01a21999-1feb-752a-ae1b-0f4864e4bfef', 1, 'verified', '01a21999-20c2-7395-adfa-f2da850dbadb', NULL, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-2101-7559-a11f-518ba8ebb6fd', 'user_id:e337489e637308ba05082f79a6a7ed52', 1, -4611686018427387904, 1790935200000000, '01a21999-2101-7559-a11f-518ba8ebb6fd', 1, 'verified', '01a21999-2101-7559-a11f-518ba8ebb6fd', NULL, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-2101-7559-a11f-518c714dd54b', 'email:f96fd834d2214d7e7248fddb5ceed417', 2, -4611686018427387904, 1790935200000000, '01a21999-2101-7559-a11f-518ba8ebb6fd', 1, 'verified', '01a21999-2101-7559-a11f-518c714dd54b', NULL, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-2123-7611-bfb1-e1d4450b4193', 'anonymous_id:df839c89575c61a82e0d4575abc8b08a', 1, -4611686018427387904, 1788343200000000, '01a21999-2123-7611-bfb1-e1d4450b4193', 2, 'claimed', '01a21999-2123-7611-bfb1-e1d4450b4193', NULL, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-2123-7611-bfb1-e1d56a05ea66', 'email:90e9d64238680f47e37c31e494079251', 1, -4611686018427387904, 1788343200000000, '01a21999-2123-7611-bfb1-e1d4450b4193', 2, 'verified', '01a21999-2123-7611-bfb1-e1d56a05ea66', NULL, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-215a-7340-a339-6a0c4e889074', 'user_id:92c16d1eda0ef7188aa24151a1960441', 1, -4611686018427387904, 1791021600000000, '01a21999-2123-7611-bfb1-e1d4450b4193', 1, 'verified', '01a21999-215a-7340-a339-6a0c4e889074', NULL, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-2184-73f8-b15f-08b0a207229b', 'user_id:082eca9ff542b1034f455d5dc78ae60a', 1, -4611686018427387904, 1791108000000000, '01a21999-2184-73f8-b15f-08b0a207229b', 1, 'verified', '01a21999-2184-73f8-b15f-08b0a207229b', NULL, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-21a9-73ce-92fa-15f9ce7431a1', 'anonymous_id:3040809f88ef9bda781c88da7000dfc8', 1, -4611686018427387904, 1788429600000000, '01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, 'device', '01a21999-21a9-73ce-92fa-15f9ce7431a1', NULL, true, '', false, 0);
INSERT INTO public.tenures VALUES ('01a21999-21a9-73ce-92fa-15faa14d8fba', 'email:091b87540d523c95d7e940ed68794031', 1, -4611686018427387904, 1788429600000000, '01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, 'claimed', '01a21999-21a9-73ce-92fa-15faa14d8fba', NULL, true, '', false, 0);
INSERT INTO public.tenures VALUES ('01a21999-21d8-76f6-865a-56d55a11ea22', 'anonymous_id:ef9d8af78a63cb229b955a276359e993', 1, -4611686018427387904, 1791194400000000, '01a21999-21a9-73ce-92fa-15f9ce7431a1', 1, 'device', '01a21999-21d8-76f6-865a-56d55a11ea22', NULL, true, '', false, 0);
INSERT INTO public.tenures VALUES ('01a21999-21f8-7663-b662-19ec813dd37c', 'device_id:cacb694295ea8beaf2a874e6982eb3a9', 1, -4611686018427387904, 1789034400000000, '01a21999-21f8-7663-b662-19ec813dd37c', 1, 'device', '01a21999-21f8-7663-b662-19ec813dd37c', NULL, true, '', false, 0);
INSERT INTO public.tenures VALUES ('01a21999-21f8-7663-b662-19ed51d985dd', 'phone:d47c0a0d7cf77bb675aaf57e125ce7da', 1, -4611686018427387904, 1789034400000000, '01a21999-21f8-7663-b662-19ec813dd37c', 1, 'claimed', '01a21999-21f8-7663-b662-19ed51d985dd', NULL, true, '', false, 0);
INSERT INTO public.tenures VALUES ('01a21999-220f-73af-85e8-d75dd4e607c5', 'device_id:8d9ce93cf337afad9243d16ceaedbaac', 1, -4611686018427387904, 1789120800000000, '01a21999-21f8-7663-b662-19ec813dd37c', 1, 'device', '01a21999-220f-73af-85e8-d75dd4e607c5', NULL, true, '', false, 0);
INSERT INTO public.tenures VALUES ('01a21999-2221-70c9-94a6-42d057e8f395', 'device_id:6463870da55e51744d489d1b8b967991', 1, -4611686018427387904, 1789207200000000, '01a21999-21f8-7663-b662-19ec813dd37c', 1, 'device', '01a21999-2221-70c9-94a6-42d057e8f395', NULL, true, '', false, 0);
INSERT INTO public.tenures VALUES ('01a21999-2248-7434-aa99-a3e84be214ab', 'device_id:7fa76eee4bdc27fabb665762087d8a10', 1, -4611686018427387904, 1789293600000000, '01a21999-21f8-7663-b662-19ec813dd37c', 1, 'device', '01a21999-2248-7434-aa99-a3e84be214ab', NULL, true, '', false, 0);
INSERT INTO public.tenures VALUES ('01a21999-226c-70bc-9c48-588ea238b223', 'device_id:0f4aa9fcee6efed094e4c96c874e34a0', 1, -4611686018427387904, 1789380000000000, '01a21999-21f8-7663-b662-19ec813dd37c', 1, 'device', '01a21999-226c-70bc-9c48-588ea238b223', NULL, true, '', false, 0);
INSERT INTO public.tenures VALUES ('01a21999-228a-75e9-a632-70276a1a80e4', 'device_id:2238d73d6961b98cea8e4199e4310f27', 1, -4611686018427387904, 1789466400000000, '01a21999-21f8-7663-b662-19ec813dd37c', 1, 'device', '01a21999-228a-75e9-a632-70276a1a80e4', NULL, true, '', false, 0);
INSERT INTO public.tenures VALUES ('01a21999-22cf-7675-8c45-4c444fd0983b', 'device_id:e66130a777dac0dd4d70078ecd497ccc', 1, -4611686018427387904, 1788516000000000, '01a21999-22cf-7675-8c45-4c444fd0983b', 1, 'device', '01a21999-22cf-7675-8c45-4c444fd0983b', 1788602400000000, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-22cf-7675-8c45-4c45a4b231df', 'email:ef55b0ecfa8f4e369b44b7a3c7a943c3', 1, -4611686018427387904, 1788516000000000, '01a21999-22cf-7675-8c45-4c444fd0983b', 2, 'verified', '01a21999-22cf-7675-8c45-4c45a4b231df', NULL, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-230b-73ab-adcd-49fd345c9195', 'user_id:17f324b55d65ec6ebd7e78f1e1d5b140', 1, -4611686018427387904, 1788602400000000, '01a21999-22cf-7675-8c45-4c444fd0983b', 1, 'verified', '01a21999-230b-73ab-adcd-49fd345c9195', NULL, true, '', true, 0);
INSERT INTO public.tenures VALUES ('01a21999-232d-71bc-a549-1216cc2dab24', 'anonymous_id:11a943f8d1ac414e32242154f0a5c26f', 1, -4611686018427387904, 1788688800000000, '01a21999-232d-71bc-a549-1216cc2dab24', 1, 'device', '01a21999-232d-71bc-a549-1216cc2dab24', NULL, true, '', false, 1);
INSERT INTO public.tenures VALUES ('01a21999-237c-7681-a72d-84efff088a09', 'anonymous_id:67ee1721a94459aeb8b28c1813a62e64', 1, -4611686018427387904, 1788688860000000, '01a21999-232d-71bc-a549-1216cc2dab24', 2, 'device', '01a21999-237c-7681-a72d-84efff088a09', NULL, true, '', false, 1);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_id_key UNIQUE (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (stream_id, version);

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.log_incarnations
    ADD CONSTRAINT log_incarnations_pkey PRIMARY KEY (incarnation);

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

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_kind_subject_about_reason_key UNIQUE (kind, subject, about, reason);

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY public.tenures
    ADD CONSTRAINT tenures_key_number_key UNIQUE (key, number);

ALTER TABLE ONLY public.tenures
    ADD CONSTRAINT tenures_pkey PRIMARY KEY (stream_id);

CREATE INDEX dead_letters_by_time ON public.dead_letters USING btree (source, died_at);

CREATE INDEX dead_letters_open ON public.dead_letters USING btree (id) WHERE (redriven_at IS NULL);

CREATE INDEX ix_outbox_claimed_at ON public.outbox USING btree (claimed_at);

CREATE INDEX ix_reviews_last_at ON public.reviews USING btree (last_at);

CREATE INDEX ix_tenures_profile_id ON public.tenures USING btree (profile_id);

CREATE INDEX positions_ahead ON public.positions USING btree (source, stream_id) WHERE (restored_to IS NOT NULL);

CREATE INDEX positions_behind ON public.positions USING btree (source, stream_id) WHERE (seen > version);

CREATE INDEX streams_by_transaction ON public.streams USING btree (incarnation, changed_in, stream_id);

CREATE TRIGGER events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER streams_number_insert BEFORE INSERT ON public.streams FOR EACH ROW WHEN ((new.changed_in = 0)) EXECUTE FUNCTION public.number_change();

CREATE TRIGGER streams_number_update BEFORE UPDATE ON public.streams FOR EACH ROW WHEN ((new.changed_in = old.changed_in)) EXECUTE FUNCTION public.number_change();

