BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE dead_letters (
	id TEXT NOT NULL, 
	source TEXT NOT NULL, 
	streams JSON NOT NULL, 
	version INTEGER, 
	event_id TEXT, 
	type TEXT, 
	reason TEXT NOT NULL, 
	died_at BIGINT NOT NULL, 
	redriven_at BIGINT, redrive_reason TEXT, 
	PRIMARY KEY (id)
);
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
INSERT INTO "events" VALUES('01a2196b-b861-755c-8752-36958597c5ad',1,'901b105e-e5ef-58c9-9a3f-ca17a1a030e0','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b861-755c-8752-369638645596","streams":[{"stream":"01a2196b-b861-755c-8752-36958597c5ad","version":1,"profile_id":"01a2196b-b861-755c-8752-36958597c5ad","epoch":1,"identifiers":[{"key":"email:f96fd834d2214d7e7248fddb5ceed417","type":"email","tenure":1,"assurance":"claimed"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.6cf226a5-d66e-4c5e-8362-50645d26d84b","causation_id":"lea-1","joint":true}',1788256800000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b87d-7091-8188-0b54d7d64485',1,'8177a6b5-df1f-58de-9a62-0b28e480c8d6','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b87d-7091-8188-0b559738f8f0","streams":[{"stream":"01a2196b-b87d-7091-8188-0b54d7d64485","version":1,"profile_id":"01a2196b-b861-755c-8752-36958597c5ad","epoch":1,"identifiers":[{"key":"anonymous_id:c5c08802f2425b6c59bdb9f5bacaf8eb","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.e822987c-7cb7-42fc-8e32-22cbb0552ba9","causation_id":"eve-1","joint":true}',1790848800000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b885-7035-a4be-d079f62eff53',1,'caf8d972-5b8b-584f-8c33-3b4587b2a12a','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b885-7035-a4be-d07aef10f562","streams":[{"stream":"01a2196b-b885-7035-a4be-d079f62eff53","version":1,"profile_id":"01a2196b-b861-755c-8752-36958597c5ad","epoch":1,"identifiers":[{"key":"user_id:293a9538c610f8ae2b67fe030c70a4b8","type":"user_id","tenure":1,"assurance":"verified"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.ed7c0118-a008-4bdb-893e-f246deeeccd9","causation_id":"eve-2","joint":true}',1790849100000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b899-7581-afbe-d2a8012cd68c',1,'82277620-248f-518a-ab26-a618db1f83fa','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b899-7581-afbe-d2aab7182ec6","streams":[{"stream":"01a2196b-b899-7581-afbe-d2a8012cd68c","version":1,"profile_id":"01a2196b-b899-7581-afbe-d2a8012cd68c","epoch":1,"identifiers":[{"key":"user_id:e337489e637308ba05082f79a6a7ed52","type":"user_id","tenure":1,"assurance":"verified"}]},{"stream":"01a2196b-b899-7581-afbe-d2a9992f9f75","version":1,"profile_id":"01a2196b-b899-7581-afbe-d2a8012cd68c","epoch":1,"identifiers":[{"key":"email:f96fd834d2214d7e7248fddb5ceed417","type":"email","tenure":2,"assurance":"verified"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.1aa73a47-d05a-45af-9bde-d3b54cb149e9","causation_id":"lea-2","joint":true}',1790935200000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b899-7581-afbe-d2a9992f9f75',1,'b3d53a38-a9d7-513e-bf63-eb59e34557fc','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b899-7581-afbe-d2aab7182ec6","streams":[{"stream":"01a2196b-b899-7581-afbe-d2a8012cd68c","version":1,"profile_id":"01a2196b-b899-7581-afbe-d2a8012cd68c","epoch":1,"identifiers":[{"key":"user_id:e337489e637308ba05082f79a6a7ed52","type":"user_id","tenure":1,"assurance":"verified"}]},{"stream":"01a2196b-b899-7581-afbe-d2a9992f9f75","version":1,"profile_id":"01a2196b-b899-7581-afbe-d2a8012cd68c","epoch":1,"identifiers":[{"key":"email:f96fd834d2214d7e7248fddb5ceed417","type":"email","tenure":2,"assurance":"verified"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.1aa73a47-d05a-45af-9bde-d3b54cb149e9","causation_id":"lea-2","joint":true}',1790935200000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',1,'5592d5e2-1b8f-54ae-b3fa-884ffa9b30d1','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b8aa-74ab-ae36-fdd2c9baa931","streams":[{"stream":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","version":1,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":1,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a2196b-b8aa-74ab-ae36-fdd1ea01d83b","version":1,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":1,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"claimed"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.595e015b-6c97-464e-a695-feb4976bbbbd","causation_id":"cara-1","joint":true}',1788343200000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8aa-74ab-ae36-fdd1ea01d83b',1,'7b42f124-8af0-53e8-ad37-c417565953dd','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b8aa-74ab-ae36-fdd2c9baa931","streams":[{"stream":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","version":1,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":1,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a2196b-b8aa-74ab-ae36-fdd1ea01d83b","version":1,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":1,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"claimed"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.595e015b-6c97-464e-a695-feb4976bbbbd","causation_id":"cara-1","joint":true}',1788343200000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',2,'a2aabc8e-5d86-53a8-864d-6835fcaf492e','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b8b2-7438-9e09-ae69c4ebaed0","streams":[{"stream":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","version":2,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":2,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"claimed"}]},{"stream":"01a2196b-b8aa-74ab-ae36-fdd1ea01d83b","version":2,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":2,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a2196b-b8b2-7438-9e09-ae6835020056","version":1,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":1,"identifiers":[{"key":"user_id:92c16d1eda0ef7188aa24151a1960441","type":"user_id","tenure":1,"assurance":"verified"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.27242899-0274-468e-8db9-93388eacf110","causation_id":"bob-1","joint":true}',1791021600000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8aa-74ab-ae36-fdd1ea01d83b',2,'c576b6e3-a9c4-560f-825d-c8c4b31ed1fe','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b8b2-7438-9e09-ae69c4ebaed0","streams":[{"stream":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","version":2,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":2,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"claimed"}]},{"stream":"01a2196b-b8aa-74ab-ae36-fdd1ea01d83b","version":2,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":2,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a2196b-b8b2-7438-9e09-ae6835020056","version":1,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":1,"identifiers":[{"key":"user_id:92c16d1eda0ef7188aa24151a1960441","type":"user_id","tenure":1,"assurance":"verified"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.27242899-0274-468e-8db9-93388eacf110","causation_id":"bob-1","joint":true}',1791021600000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8b2-7438-9e09-ae6835020056',1,'ab8c5a2d-41c5-5d2e-93b5-5d48a5b33557','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b8b2-7438-9e09-ae69c4ebaed0","streams":[{"stream":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","version":2,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":2,"identifiers":[{"key":"anonymous_id:df839c89575c61a82e0d4575abc8b08a","type":"anonymous_id","tenure":1,"assurance":"claimed"}]},{"stream":"01a2196b-b8aa-74ab-ae36-fdd1ea01d83b","version":2,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":2,"identifiers":[{"key":"email:90e9d64238680f47e37c31e494079251","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a2196b-b8b2-7438-9e09-ae6835020056","version":1,"profile_id":"01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4","epoch":1,"identifiers":[{"key":"user_id:92c16d1eda0ef7188aa24151a1960441","type":"user_id","tenure":1,"assurance":"verified"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.27242899-0274-468e-8db9-93388eacf110","causation_id":"bob-1","joint":true}',1791021600000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8bd-73b6-833a-bd457af2c808',1,'ab6cd492-001d-5e69-99a9-3bfc441a23b3','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b8bd-73b6-833a-bd46ab10778a","streams":[{"stream":"01a2196b-b8bd-73b6-833a-bd457af2c808","version":1,"profile_id":"01a2196b-b8bd-73b6-833a-bd457af2c808","epoch":1,"identifiers":[{"key":"user_id:082eca9ff542b1034f455d5dc78ae60a","type":"user_id","tenure":1,"assurance":"verified"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.c8fc6c29-df80-4f40-95a7-a6c94282106f","causation_id":"cara-2","joint":true}',1791108000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8c6-72ae-a808-7ed9a584ac61',1,'397d5875-c5a4-5ac9-8a3a-f9fae1627338','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b8c6-72ae-a808-7edbbc1e4353","streams":[{"stream":"01a2196b-b8c6-72ae-a808-7ed9a584ac61","version":1,"profile_id":"01a2196b-b8c6-72ae-a808-7ed9a584ac61","epoch":1,"identifiers":[{"key":"anonymous_id:3040809f88ef9bda781c88da7000dfc8","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a2196b-b8c6-72ae-a808-7edad4f49b28","version":1,"profile_id":"01a2196b-b8c6-72ae-a808-7ed9a584ac61","epoch":1,"identifiers":[{"key":"email:091b87540d523c95d7e940ed68794031","type":"email","tenure":1,"assurance":"claimed"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.c051c2e5-18a6-41bd-8eec-65c12845d4b6","causation_id":"ann-1","joint":true}',1788429600000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8c6-72ae-a808-7edad4f49b28',1,'03e6d591-7f5c-5bf1-941c-356fca87207b','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b8c6-72ae-a808-7edbbc1e4353","streams":[{"stream":"01a2196b-b8c6-72ae-a808-7ed9a584ac61","version":1,"profile_id":"01a2196b-b8c6-72ae-a808-7ed9a584ac61","epoch":1,"identifiers":[{"key":"anonymous_id:3040809f88ef9bda781c88da7000dfc8","type":"anonymous_id","tenure":1,"assurance":"device"}]},{"stream":"01a2196b-b8c6-72ae-a808-7edad4f49b28","version":1,"profile_id":"01a2196b-b8c6-72ae-a808-7ed9a584ac61","epoch":1,"identifiers":[{"key":"email:091b87540d523c95d7e940ed68794031","type":"email","tenure":1,"assurance":"claimed"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.c051c2e5-18a6-41bd-8eec-65c12845d4b6","causation_id":"ann-1","joint":true}',1788429600000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8d8-74a2-8a63-0bcd2c4ce4f7',1,'5de83c27-e1f3-5371-bedf-60816bf4f55c','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b8d8-74a2-8a63-0bce13a5d37e","streams":[{"stream":"01a2196b-b8d8-74a2-8a63-0bcd2c4ce4f7","version":1,"profile_id":"01a2196b-b8c6-72ae-a808-7ed9a584ac61","epoch":1,"identifiers":[{"key":"anonymous_id:ef9d8af78a63cb229b955a276359e993","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.fa1d650f-964f-4ffd-9f86-253b3bc59090","causation_id":"phone9-1","joint":true}',1791194400000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1,'0530fd9a-4cfb-58a8-8b27-004889e95166','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b8f0-74f0-999f-d54ab9e8fca0","streams":[{"stream":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","version":1,"profile_id":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","epoch":1,"identifiers":[{"key":"device_id:cacb694295ea8beaf2a874e6982eb3a9","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a2196b-b8f0-74f0-999f-d5493d202864","version":1,"profile_id":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","epoch":1,"identifiers":[{"key":"phone:d47c0a0d7cf77bb675aaf57e125ce7da","type":"phone","tenure":1,"assurance":"claimed"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.19cefba3-aa8d-4ae5-b43c-40d6558615fd","causation_id":"till-0","joint":true}',1789034400000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8f0-74f0-999f-d5493d202864',1,'f0318457-3288-5a2e-a6b0-a8dd7a1df15b','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b8f0-74f0-999f-d54ab9e8fca0","streams":[{"stream":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","version":1,"profile_id":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","epoch":1,"identifiers":[{"key":"device_id:cacb694295ea8beaf2a874e6982eb3a9","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a2196b-b8f0-74f0-999f-d5493d202864","version":1,"profile_id":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","epoch":1,"identifiers":[{"key":"phone:d47c0a0d7cf77bb675aaf57e125ce7da","type":"phone","tenure":1,"assurance":"claimed"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.19cefba3-aa8d-4ae5-b43c-40d6558615fd","causation_id":"till-0","joint":true}',1789034400000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8f8-731c-ad0f-d3f72243c72b',1,'7f1e320a-d8a3-595a-bf9a-bc99844e2fa1','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b8f8-731c-ad0f-d3f8cb222b15","streams":[{"stream":"01a2196b-b8f8-731c-ad0f-d3f72243c72b","version":1,"profile_id":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","epoch":1,"identifiers":[{"key":"device_id:8d9ce93cf337afad9243d16ceaedbaac","type":"device_id","tenure":1,"assurance":"device"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.b31040d0-07b9-4ff8-ae32-6791a0c7aef5","causation_id":"till-1","joint":true}',1789120800000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b905-77f3-b2c0-25f5dd095a68',1,'cc34b40b-e375-5a7b-8e40-4b78cc591e54','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b905-77f3-b2c0-25f64876595d","streams":[{"stream":"01a2196b-b905-77f3-b2c0-25f5dd095a68","version":1,"profile_id":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","epoch":1,"identifiers":[{"key":"device_id:6463870da55e51744d489d1b8b967991","type":"device_id","tenure":1,"assurance":"device"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.f2d0338d-0cee-47aa-86e7-502bafee85d6","causation_id":"till-2","joint":true}',1789207200000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b90d-7168-b986-e1eed61b0445',1,'b61e8f87-2b89-5a8f-af01-a0546a6b36e8','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b90d-7168-b986-e1ef54cb0dce","streams":[{"stream":"01a2196b-b90d-7168-b986-e1eed61b0445","version":1,"profile_id":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","epoch":1,"identifiers":[{"key":"device_id:7fa76eee4bdc27fabb665762087d8a10","type":"device_id","tenure":1,"assurance":"device"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.94277503-0411-4bf2-b01b-61c0e516a414","causation_id":"till-3","joint":true}',1789293600000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b918-77ec-86a8-aa18b5182b3c',1,'2da9b3af-7414-540d-83cf-db1fb213d73a','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b918-77ec-86a8-aa193ef792d2","streams":[{"stream":"01a2196b-b918-77ec-86a8-aa18b5182b3c","version":1,"profile_id":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","epoch":1,"identifiers":[{"key":"device_id:0f4aa9fcee6efed094e4c96c874e34a0","type":"device_id","tenure":1,"assurance":"device"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.802d7997-63ac-469d-9814-5a1d8355cbdb","causation_id":"till-4","joint":true}',1789380000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b91f-75f3-a4da-ca22e403e6d5',1,'33e45d70-5073-560c-ba13-cfd53d56abe5','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b91f-75f3-a4da-ca230ab84f8a","streams":[{"stream":"01a2196b-b91f-75f3-a4da-ca22e403e6d5","version":1,"profile_id":"01a2196b-b8f0-74f0-999f-d5480b0d0a7d","epoch":1,"identifiers":[{"key":"device_id:2238d73d6961b98cea8e4199e4310f27","type":"device_id","tenure":1,"assurance":"device"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.a884bdff-9bcd-48e9-b13a-136e89c9c95c","causation_id":"till-5","joint":true}',1789466400000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b928-74c3-9a44-9a0d2d72c488',1,'938ad4a9-ae2e-5cf9-b1eb-4b112ff7322e','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b929-7774-932f-136817548f24","streams":[{"stream":"01a2196b-b928-74c3-9a44-9a0d2d72c488","version":1,"profile_id":"01a2196b-b928-74c3-9a44-9a0d2d72c488","epoch":1,"identifiers":[{"key":"device_id:e66130a777dac0dd4d70078ecd497ccc","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a2196b-b928-74c3-9a44-9a0e97eb15cf","version":1,"profile_id":"01a2196b-b928-74c3-9a44-9a0d2d72c488","epoch":1,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"claimed"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.c8c35edd-9204-442b-adb3-26a9cd5c82f4","causation_id":"nora-1","joint":true}',1788516000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b928-74c3-9a44-9a0e97eb15cf',1,'afcab91e-93dc-53d9-8b32-75a0e3403ca1','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b929-7774-932f-136817548f24","streams":[{"stream":"01a2196b-b928-74c3-9a44-9a0d2d72c488","version":1,"profile_id":"01a2196b-b928-74c3-9a44-9a0d2d72c488","epoch":1,"identifiers":[{"key":"device_id:e66130a777dac0dd4d70078ecd497ccc","type":"device_id","tenure":1,"assurance":"device"}]},{"stream":"01a2196b-b928-74c3-9a44-9a0e97eb15cf","version":1,"profile_id":"01a2196b-b928-74c3-9a44-9a0d2d72c488","epoch":1,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"claimed"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.c8c35edd-9204-442b-adb3-26a9cd5c82f4","causation_id":"nora-1","joint":true}',1788516000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b928-74c3-9a44-9a0e97eb15cf',2,'068db5b6-7ad5-58cd-a229-122caf0bb609','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b930-7519-97c6-010b1bf4862a","streams":[{"stream":"01a2196b-b928-74c3-9a44-9a0e97eb15cf","version":2,"profile_id":"01a2196b-b928-74c3-9a44-9a0d2d72c488","epoch":2,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a2196b-b930-7519-97c6-010a058ecaac","version":1,"profile_id":"01a2196b-b928-74c3-9a44-9a0d2d72c488","epoch":1,"identifiers":[{"key":"user_id:17f324b55d65ec6ebd7e78f1e1d5b140","type":"user_id","tenure":1,"assurance":"verified"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.b1e8c265-dfd2-4ba3-aba8-a63682e46d8f","causation_id":"nora-2","joint":true}',1788602400000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b930-7519-97c6-010a058ecaac',1,'e648b5a8-b7f7-5304-8721-eff52d62793d','identity_changed',1,'{"reason":"linked","fact_id":"01a2196b-b930-7519-97c6-010b1bf4862a","streams":[{"stream":"01a2196b-b928-74c3-9a44-9a0e97eb15cf","version":2,"profile_id":"01a2196b-b928-74c3-9a44-9a0d2d72c488","epoch":2,"identifiers":[{"key":"email:ef55b0ecfa8f4e369b44b7a3c7a943c3","type":"email","tenure":1,"assurance":"verified"}]},{"stream":"01a2196b-b930-7519-97c6-010a058ecaac","version":1,"profile_id":"01a2196b-b928-74c3-9a44-9a0d2d72c488","epoch":1,"identifiers":[{"key":"user_id:17f324b55d65ec6ebd7e78f1e1d5b140","type":"user_id","tenure":1,"assurance":"verified"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.b1e8c265-dfd2-4ba3-aba8-a63682e46d8f","causation_id":"nora-2","joint":true}',1788602400000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b936-73a0-b4f1-93166af63b0c',1,'0d206aba-4e1b-5d14-9175-41defba2bc96','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b936-73a0-b4f1-931771f55436","streams":[{"stream":"01a2196b-b936-73a0-b4f1-93166af63b0c","version":1,"profile_id":"01a2196b-b936-73a0-b4f1-93166af63b0c","epoch":1,"identifiers":[{"key":"anonymous_id:11a943f8d1ac414e32242154f0a5c26f","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.7b5220e9-0f4c-48a7-a69e-f80181baa1a2","causation_id":"kim-1","joint":true}',1788688800000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b944-761a-b080-4ef09bdda143',1,'431c3897-2128-54d4-9f1d-3845347ac155','identity_changed',1,'{"reason":"created","fact_id":"01a2196b-b944-761a-b080-4ef1d8577498","streams":[{"stream":"01a2196b-b944-761a-b080-4ef09bdda143","version":1,"profile_id":"01a2196b-b944-761a-b080-4ef09bdda143","epoch":1,"identifiers":[{"key":"anonymous_id:67ee1721a94459aeb8b28c1813a62e64","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.8be11e51-2905-420c-9199-0c5cd6e4cb6a","causation_id":"kim-2","joint":true}',1788688860000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b944-761a-b080-4ef09bdda143',2,'bde15fc2-15eb-56e2-b06c-374939e48417','identity_changed',1,'{"reason":"merged","note":"she told us so","fact_id":"01a2196b-b95d-7250-aa65-eb376d9e1a8b","streams":[{"stream":"01a2196b-b944-761a-b080-4ef09bdda143","version":2,"profile_id":"01a2196b-b936-73a0-b4f1-93166af63b0c","epoch":2,"identifiers":[{"key":"anonymous_id:67ee1721a94459aeb8b28c1813a62e64","type":"anonymous_id","tenure":1,"assurance":"device"}]}]}','{"correlation_id":"standalone_rpc_proxy.call.c23ded92-4020-4d3b-9d45-78736f174fa7","joint":true}',1795176000000000,1795176000000000);
CREATE TABLE keys (
	"key" TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "keys" VALUES('email:f96fd834d2214d7e7248fddb5ceed417');
INSERT INTO "keys" VALUES('anonymous_id:c5c08802f2425b6c59bdb9f5bacaf8eb');
INSERT INTO "keys" VALUES('user_id:293a9538c610f8ae2b67fe030c70a4b8');
INSERT INTO "keys" VALUES('user_id:e337489e637308ba05082f79a6a7ed52');
INSERT INTO "keys" VALUES('anonymous_id:df839c89575c61a82e0d4575abc8b08a');
INSERT INTO "keys" VALUES('email:90e9d64238680f47e37c31e494079251');
INSERT INTO "keys" VALUES('user_id:92c16d1eda0ef7188aa24151a1960441');
INSERT INTO "keys" VALUES('user_id:082eca9ff542b1034f455d5dc78ae60a');
INSERT INTO "keys" VALUES('anonymous_id:3040809f88ef9bda781c88da7000dfc8');
INSERT INTO "keys" VALUES('email:091b87540d523c95d7e940ed68794031');
INSERT INTO "keys" VALUES('anonymous_id:ef9d8af78a63cb229b955a276359e993');
INSERT INTO "keys" VALUES('device_id:cacb694295ea8beaf2a874e6982eb3a9');
INSERT INTO "keys" VALUES('phone:d47c0a0d7cf77bb675aaf57e125ce7da');
INSERT INTO "keys" VALUES('device_id:8d9ce93cf337afad9243d16ceaedbaac');
INSERT INTO "keys" VALUES('device_id:6463870da55e51744d489d1b8b967991');
INSERT INTO "keys" VALUES('device_id:7fa76eee4bdc27fabb665762087d8a10');
INSERT INTO "keys" VALUES('device_id:0f4aa9fcee6efed094e4c96c874e34a0');
INSERT INTO "keys" VALUES('device_id:2238d73d6961b98cea8e4199e4310f27');
INSERT INTO "keys" VALUES('device_id:e66130a777dac0dd4d70078ecd497ccc');
INSERT INTO "keys" VALUES('email:ef55b0ecfa8f4e369b44b7a3c7a943c3');
INSERT INTO "keys" VALUES('user_id:17f324b55d65ec6ebd7e78f1e1d5b140');
INSERT INTO "keys" VALUES('anonymous_id:11a943f8d1ac414e32242154f0a5c26f');
INSERT INTO "keys" VALUES('anonymous_id:67ee1721a94459aeb8b28c1813a62e64');
CREATE TABLE log_incarnations (
	incarnation INTEGER NOT NULL, 
	fingerprint TEXT NOT NULL, 
	began_at BIGINT NOT NULL, 
	PRIMARY KEY (incarnation)
);
INSERT INTO "log_incarnations" VALUES(1,'',0);
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
	halted BOOLEAN NOT NULL, restored_to INTEGER, 
	PRIMARY KEY (source, stream_id)
);
CREATE TABLE profiles (
	profile_id TEXT NOT NULL, 
	PRIMARY KEY (profile_id)
);
INSERT INTO "profiles" VALUES('01a2196b-b861-755c-8752-36958597c5ad');
INSERT INTO "profiles" VALUES('01a2196b-b899-7581-afbe-d2a8012cd68c');
INSERT INTO "profiles" VALUES('01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4');
INSERT INTO "profiles" VALUES('01a2196b-b8bd-73b6-833a-bd457af2c808');
INSERT INTO "profiles" VALUES('01a2196b-b8c6-72ae-a808-7ed9a584ac61');
INSERT INTO "profiles" VALUES('01a2196b-b8f0-74f0-999f-d5480b0d0a7d');
INSERT INTO "profiles" VALUES('01a2196b-b928-74c3-9a44-9a0d2d72c488');
INSERT INTO "profiles" VALUES('01a2196b-b936-73a0-b4f1-93166af63b0c');
INSERT INTO "profiles" VALUES('01a2196b-b944-761a-b080-4ef09bdda143');
CREATE TABLE "reconciled" (
	source TEXT NOT NULL, 
	changed_at BIGINT DEFAULT '0' NOT NULL, 
	changed_incarnation INTEGER DEFAULT '1' NOT NULL, 
	changed_in BIGINT DEFAULT '0' NOT NULL, 
	changed_stream TEXT DEFAULT '' NOT NULL, 
	incarnation INTEGER DEFAULT '1' NOT NULL, 
	next_incarnation INTEGER, 
	walk_after TEXT, 
	walk_changed_incarnation INTEGER, 
	walk_changed_in BIGINT, 
	walk_changed_stream TEXT, 
	compared_at BIGINT, 
	walked_at BIGINT, 
	too_large INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (source)
);
CREATE TABLE replicas (
	id TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	role TEXT NOT NULL, 
	release TEXT NOT NULL, 
	configuration JSON NOT NULL, 
	skew BIGINT NOT NULL, 
	broker_connected BOOLEAN NOT NULL, 
	started_at BIGINT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE reviews (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	about TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	first_at BIGINT NOT NULL, 
	last_at BIGINT NOT NULL, 
	done_at BIGINT, 
	PRIMARY KEY (id), 
	UNIQUE (kind, subject, about, reason)
);
INSERT INTO "reviews" VALUES('01a2196b-b8be-72a9-b1e8-4c7d660be0c9','merge_refused','01a2196b-b8bd-73b6-833a-bd457af2c808','email:90e9d64238680f47e37c31e494079251','it belongs to another account','cara-2',1795176000000000,1795176000000000,NULL);
CREATE TABLE streams (
	stream_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	changed_at BIGINT NOT NULL, changed_in BIGINT DEFAULT '0' NOT NULL, incarnation INTEGER DEFAULT '1' NOT NULL, restored_to INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (stream_id)
);
INSERT INTO "streams" VALUES('01a2196b-b861-755c-8752-36958597c5ad',1,1795722819682020,1,1,0);
INSERT INTO "streams" VALUES('01a2196b-b87d-7091-8188-0b54d7d64485',1,1795722819709017,2,1,0);
INSERT INTO "streams" VALUES('01a2196b-b885-7035-a4be-d079f62eff53',1,1795722819716983,3,1,0);
INSERT INTO "streams" VALUES('01a2196b-b899-7581-afbe-d2a8012cd68c',1,1795722819737019,4,1,0);
INSERT INTO "streams" VALUES('01a2196b-b899-7581-afbe-d2a9992f9f75',1,1795722819737019,4,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',2,1795722819762004,6,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8aa-74ab-ae36-fdd1ea01d83b',2,1795722819762004,6,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8b2-7438-9e09-ae6835020056',1,1795722819762004,6,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8bd-73b6-833a-bd457af2c808',1,1795722819772987,7,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8c6-72ae-a808-7ed9a584ac61',1,1795722819781999,8,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8c6-72ae-a808-7edad4f49b28',1,1795722819781999,8,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8d8-74a2-8a63-0bcd2c4ce4f7',1,1795722819799984,9,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1,1795722819824003,10,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8f0-74f0-999f-d5493d202864',1,1795722819824003,10,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8f8-731c-ad0f-d3f72243c72b',1,1795722819833015,11,1,0);
INSERT INTO "streams" VALUES('01a2196b-b905-77f3-b2c0-25f5dd095a68',1,1795722819845005,12,1,0);
INSERT INTO "streams" VALUES('01a2196b-b90d-7168-b986-e1eed61b0445',1,1795722819853011,13,1,0);
INSERT INTO "streams" VALUES('01a2196b-b918-77ec-86a8-aa18b5182b3c',1,1795722819865000,14,1,0);
INSERT INTO "streams" VALUES('01a2196b-b91f-75f3-a4da-ca22e403e6d5',1,1795722819870995,15,1,0);
INSERT INTO "streams" VALUES('01a2196b-b928-74c3-9a44-9a0d2d72c488',1,1795722819881013,16,1,0);
INSERT INTO "streams" VALUES('01a2196b-b928-74c3-9a44-9a0e97eb15cf',2,1795722819888014,17,1,0);
INSERT INTO "streams" VALUES('01a2196b-b930-7519-97c6-010a058ecaac',1,1795722819888014,17,1,0);
INSERT INTO "streams" VALUES('01a2196b-b936-73a0-b4f1-93166af63b0c',1,1795722819894008,18,1,0);
INSERT INTO "streams" VALUES('01a2196b-b944-761a-b080-4ef09bdda143',2,1795722819932994,20,1,0);
CREATE TABLE tenures (
	stream_id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	opened_at BIGINT NOT NULL, 
	founded_at BIGINT NOT NULL, 
	profile_id TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	assurance TEXT NOT NULL, 
	bond TEXT NOT NULL, 
	bound_at BIGINT, 
	current BOOLEAN NOT NULL, parted TEXT DEFAULT '' NOT NULL, verified BOOLEAN DEFAULT 0 NOT NULL, merges INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (stream_id), 
	UNIQUE ("key", number)
);
INSERT INTO "tenures" VALUES('01a2196b-b861-755c-8752-36958597c5ad','email:f96fd834d2214d7e7248fddb5ceed417',1,-4611686018427387904,1788256800000000,'01a2196b-b861-755c-8752-36958597c5ad',1,'claimed','01a2196b-b861-755c-8752-36958597c5ad',NULL,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b87d-7091-8188-0b54d7d64485','anonymous_id:c5c08802f2425b6c59bdb9f5bacaf8eb',1,-4611686018427387904,1790848800000000,'01a2196b-b861-755c-8752-36958597c5ad',1,'device','01a2196b-b87d-7091-8188-0b54d7d64485',1790849100000000,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b885-7035-a4be-d079f62eff53','user_id:293a9538c610f8ae2b67fe030c70a4b8',1,-4611686018427387904,1790849100000000,'01a2196b-b861-755c-8752-36958597c5ad',1,'verified','01a2196b-b885-7035-a4be-d079f62eff53',NULL,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b899-7581-afbe-d2a8012cd68c','user_id:e337489e637308ba05082f79a6a7ed52',1,-4611686018427387904,1790935200000000,'01a2196b-b899-7581-afbe-d2a8012cd68c',1,'verified','01a2196b-b899-7581-afbe-d2a8012cd68c',NULL,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b899-7581-afbe-d2a9992f9f75','email:f96fd834d2214d7e7248fddb5ceed417',2,-4611686018427387904,1790935200000000,'01a2196b-b899-7581-afbe-d2a8012cd68c',1,'verified','01a2196b-b899-7581-afbe-d2a9992f9f75',NULL,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4','anonymous_id:df839c89575c61a82e0d4575abc8b08a',1,-4611686018427387904,1788343200000000,'01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',2,'claimed','01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',NULL,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b8aa-74ab-ae36-fdd1ea01d83b','email:90e9d64238680f47e37c31e494079251',1,-4611686018427387904,1788343200000000,'01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',2,'verified','01a2196b-b8aa-74ab-ae36-fdd1ea01d83b',NULL,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b8b2-7438-9e09-ae6835020056','user_id:92c16d1eda0ef7188aa24151a1960441',1,-4611686018427387904,1791021600000000,'01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',1,'verified','01a2196b-b8b2-7438-9e09-ae6835020056',NULL,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b8bd-73b6-833a-bd457af2c808','user_id:082eca9ff542b1034f455d5dc78ae60a',1,-4611686018427387904,1791108000000000,'01a2196b-b8bd-73b6-833a-bd457af2c808',1,'verified','01a2196b-b8bd-73b6-833a-bd457af2c808',NULL,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b8c6-72ae-a808-7ed9a584ac61','anonymous_id:3040809f88ef9bda781c88da7000dfc8',1,-4611686018427387904,1788429600000000,'01a2196b-b8c6-72ae-a808-7ed9a584ac61',1,'device','01a2196b-b8c6-72ae-a808-7ed9a584ac61',NULL,1,'',0,0);
INSERT INTO "tenures" VALUES('01a2196b-b8c6-72ae-a808-7edad4f49b28','email:091b87540d523c95d7e940ed68794031',1,-4611686018427387904,1788429600000000,'01a2196b-b8c6-72ae-a808-7ed9a584ac61',1,'claimed','01a2196b-b8c6-72ae-a808-7edad4f49b28',NULL,1,'',0,0);
INSERT INTO "tenures" VALUES('01a2196b-b8d8-74a2-8a63-0bcd2c4ce4f7','anonymous_id:ef9d8af78a63cb229b955a276359e993',1,-4611686018427387904,1791194400000000,'01a2196b-b8c6-72ae-a808-7ed9a584ac61',1,'device','01a2196b-b8d8-74a2-8a63-0bcd2c4ce4f7',NULL,1,'',0,0);
INSERT INTO "tenures" VALUES('01a2196b-b8f0-74f0-999f-d5480b0d0a7d','device_id:cacb694295ea8beaf2a874e6982eb3a9',1,-4611686018427387904,1789034400000000,'01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1,'device','01a2196b-b8f0-74f0-999f-d5480b0d0a7d',NULL,1,'',0,0);
INSERT INTO "tenures" VALUES('01a2196b-b8f0-74f0-999f-d5493d202864','phone:d47c0a0d7cf77bb675aaf57e125ce7da',1,-4611686018427387904,1789034400000000,'01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1,'claimed','01a2196b-b8f0-74f0-999f-d5493d202864',NULL,1,'',0,0);
INSERT INTO "tenures" VALUES('01a2196b-b8f8-731c-ad0f-d3f72243c72b','device_id:8d9ce93cf337afad9243d16ceaedbaac',1,-4611686018427387904,1789120800000000,'01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1,'device','01a2196b-b8f8-731c-ad0f-d3f72243c72b',NULL,1,'',0,0);
INSERT INTO "tenures" VALUES('01a2196b-b905-77f3-b2c0-25f5dd095a68','device_id:6463870da55e51744d489d1b8b967991',1,-4611686018427387904,1789207200000000,'01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1,'device','01a2196b-b905-77f3-b2c0-25f5dd095a68',NULL,1,'',0,0);
INSERT INTO "tenures" VALUES('01a2196b-b90d-7168-b986-e1eed61b0445','device_id:7fa76eee4bdc27fabb665762087d8a10',1,-4611686018427387904,1789293600000000,'01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1,'device','01a2196b-b90d-7168-b986-e1eed61b0445',NULL,1,'',0,0);
INSERT INTO "tenures" VALUES('01a2196b-b918-77ec-86a8-aa18b5182b3c','device_id:0f4aa9fcee6efed094e4c96c874e34a0',1,-4611686018427387904,1789380000000000,'01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1,'device','01a2196b-b918-77ec-86a8-aa18b5182b3c',NULL,1,'',0,0);
INSERT INTO "tenures" VALUES('01a2196b-b91f-75f3-a4da-ca22e403e6d5','device_id:2238d73d6961b98cea8e4199e4310f27',1,-4611686018427387904,1789466400000000,'01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1,'device','01a2196b-b91f-75f3-a4da-ca22e403e6d5',NULL,1,'',0,0);
INSERT INTO "tenures" VALUES('01a2196b-b928-74c3-9a44-9a0d2d72c488','device_id:e66130a777dac0dd4d70078ecd497ccc',1,-4611686018427387904,1788516000000000,'01a2196b-b928-74c3-9a44-9a0d2d72c488',1,'device','01a2196b-b928-74c3-9a44-9a0d2d72c488',1788602400000000,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b928-74c3-9a44-9a0e97eb15cf','email:ef55b0ecfa8f4e369b44b7a3c7a943c3',1,-4611686018427387904,1788516000000000,'01a2196b-b928-74c3-9a44-9a0d2d72c488',2,'verified','01a2196b-b928-74c3-9a44-9a0e97eb15cf',NULL,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b930-7519-97c6-010a058ecaac','user_id:17f324b55d65ec6ebd7e78f1e1d5b140',1,-4611686018427387904,1788602400000000,'01a2196b-b928-74c3-9a44-9a0d2d72c488',1,'verified','01a2196b-b930-7519-97c6-010a058ecaac',NULL,1,'',1,0);
INSERT INTO "tenures" VALUES('01a2196b-b936-73a0-b4f1-93166af63b0c','anonymous_id:11a943f8d1ac414e32242154f0a5c26f',1,-4611686018427387904,1788688800000000,'01a2196b-b936-73a0-b4f1-93166af63b0c',1,'device','01a2196b-b936-73a0-b4f1-93166af63b0c',NULL,1,'',0,1);
INSERT INTO "tenures" VALUES('01a2196b-b944-761a-b080-4ef09bdda143','anonymous_id:67ee1721a94459aeb8b28c1813a62e64',1,-4611686018427387904,1788688860000000,'01a2196b-b936-73a0-b4f1-93166af63b0c',2,'device','01a2196b-b944-761a-b080-4ef09bdda143',NULL,1,'',0,1);
CREATE INDEX ix_outbox_claimed_at ON outbox (claimed_at);
CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only: UPDATE refused'); END;
CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only: DELETE refused'); END;
CREATE INDEX positions_behind ON positions (source, stream_id) WHERE seen > version;
CREATE INDEX ix_tenures_profile_id ON tenures (profile_id);
CREATE INDEX ix_reviews_last_at ON reviews (last_at);
CREATE INDEX dead_letters_by_time ON dead_letters (source, died_at);
CREATE INDEX dead_letters_open ON dead_letters (id) WHERE redriven_at IS NULL;
CREATE INDEX streams_by_transaction ON streams (incarnation, changed_in, stream_id);
CREATE INDEX positions_ahead ON positions (source, stream_id) WHERE restored_to IS NOT NULL;
COMMIT;
