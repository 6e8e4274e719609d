BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
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
CREATE TABLE definitions (
	generation INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	segment TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	rule TEXT NOT NULL, 
	description TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	defined_at BIGINT NOT NULL, 
	PRIMARY KEY (generation), 
	UNIQUE (segment, version)
);
INSERT INTO "definitions" VALUES(1,'01a2196b-b88a-7069-99da-eb553908c48a','first_time_visitor',1,'orders() == 0','Has no order yet.','file',1795176000000000);
INSERT INTO "definitions" VALUES(2,'01a2196b-b88a-7069-99da-eb561311457c','returning_one_time_buyer',1,'orders() == 1','Has bought exactly once.','file',1795176000000000);
INSERT INTO "definitions" VALUES(3,'01a2196b-b88a-7069-99da-eb57f115d576','frequent_buyer',1,'orders(within="60d") > 5','Has bought more than five times in the last 60 days.','file',1795176000000000);
INSERT INTO "definitions" VALUES(4,'01a2196b-b88a-7069-99da-eb58ff7b25ee','high_value',1,'revenue("USD") >= 500','Has spent 500 USD or more, net of refunds.','file',1795176000000000);
INSERT INTO "definitions" VALUES(5,'01a2196b-b88a-7069-99da-eb59474cd319','abandoned_cart',1,'cart_items() > 0
and "1h" <= since_last("cart_updated") < "30d"
and (never("order_completed") or last("order_completed") < last("cart_updated"))
','Left a cart with something in it between an hour and 30 days ago, and has not ordered since.','file',1795176000000000);
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
INSERT INTO "events" VALUES('01a2196b-b861-755c-8752-36958597c5ad',1,'99845071-dc64-5322-aa62-a49550ad0bd7','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2196b-b861-755c-8752-36958597c5ad","definition_version":1,"reason":"event","as_of":{"01a2196b-b861-755c-8752-36958597c5ad":2}}','{"profile_id":"01a2196b-b861-755c-8752-36958597c5ad","correlation_id":"standalone_rpc_proxy.call.6cf226a5-d66e-4c5e-8362-50645d26d84b"}',1795176000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b899-7581-afbe-d2a8012cd68c',1,'4b29a463-b137-5933-b3ad-0b8df5cc2709','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2196b-b899-7581-afbe-d2a8012cd68c","definition_version":1,"reason":"event","as_of":{"01a2196b-b899-7581-afbe-d2a8012cd68c":2,"01a2196b-b899-7581-afbe-d2a9992f9f75":1}}','{"profile_id":"01a2196b-b899-7581-afbe-d2a8012cd68c","correlation_id":"standalone_rpc_proxy.call.1aa73a47-d05a-45af-9bde-d3b54cb149e9"}',1795176000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8bd-73b6-833a-bd457af2c808',1,'ce528302-27b0-5357-a58e-72ecab635901','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2196b-b8bd-73b6-833a-bd457af2c808","definition_version":1,"reason":"event","as_of":{"01a2196b-b8bd-73b6-833a-bd457af2c808":2}}','{"profile_id":"01a2196b-b8bd-73b6-833a-bd457af2c808","correlation_id":"standalone_rpc_proxy.call.c8fc6c29-df80-4f40-95a7-a6c94282106f"}',1795176000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b8c6-72ae-a808-7ed9a584ac61',1,'730f72b6-d7ce-561a-ac00-a1cbeb8949b5','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2196b-b8c6-72ae-a808-7ed9a584ac61","definition_version":1,"reason":"event","as_of":{"01a2196b-b8c6-72ae-a808-7ed9a584ac61":3,"01a2196b-b8c6-72ae-a808-7edad4f49b28":1}}','{"profile_id":"01a2196b-b8c6-72ae-a808-7ed9a584ac61","correlation_id":"standalone_rpc_proxy.call.485db1b2-dd3d-4b03-b827-ce485f4fbed0"}',1795176000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b928-74c3-9a44-9a0d2d72c488',1,'ef9b4aec-e46d-510a-8787-854c74957b6c','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2196b-b928-74c3-9a44-9a0d2d72c488","definition_version":1,"reason":"event","as_of":{"01a2196b-b928-74c3-9a44-9a0d2d72c488":2,"01a2196b-b928-74c3-9a44-9a0e97eb15cf":1}}','{"profile_id":"01a2196b-b928-74c3-9a44-9a0d2d72c488","correlation_id":"standalone_rpc_proxy.call.c8c35edd-9204-442b-adb3-26a9cd5c82f4"}',1795176000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b936-73a0-b4f1-93166af63b0c',1,'cafa9ff1-4bbd-5ed3-9ddb-3c33418a18b4','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2196b-b936-73a0-b4f1-93166af63b0c","definition_version":1,"reason":"event","as_of":{"01a2196b-b936-73a0-b4f1-93166af63b0c":2}}','{"profile_id":"01a2196b-b936-73a0-b4f1-93166af63b0c","correlation_id":"standalone_rpc_proxy.call.7b5220e9-0f4c-48a7-a69e-f80181baa1a2"}',1795176000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b944-761a-b080-4ef09bdda143',1,'cbcf7729-3116-5d6b-b53a-1c08697b45dc','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2196b-b944-761a-b080-4ef09bdda143","definition_version":1,"reason":"event","as_of":{"01a2196b-b944-761a-b080-4ef09bdda143":2}}','{"profile_id":"01a2196b-b944-761a-b080-4ef09bdda143","correlation_id":"standalone_rpc_proxy.call.8be11e51-2905-420c-9199-0c5cd6e4cb6a"}',1795176000000000,1795176000000000);
INSERT INTO "events" VALUES('01a2196b-b944-761a-b080-4ef09bdda143',2,'c931889d-125f-59cf-9e4e-fb0ff86b80b4','segment_exited',1,'{"segment":"first_time_visitor","profile_id":"01a2196b-b944-761a-b080-4ef09bdda143","definition_version":1,"reason":"merge","as_of":{}}','{"profile_id":"01a2196b-b944-761a-b080-4ef09bdda143"}',1795176000000000,1795176000000000);
CREATE TABLE failing_evaluations (
	profile_id TEXT NOT NULL, 
	failures INTEGER NOT NULL, 
	try_at BIGINT NOT NULL, 
	PRIMARY KEY (profile_id)
);
CREATE TABLE identifiers (
	"key" TEXT NOT NULL, 
	stream_id TEXT NOT NULL, 
	tenure INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	assurance TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "identifiers" VALUES('email:f96fd834d2214d7e7248fddb5ceed417','01a2196b-b899-7581-afbe-d2a9992f9f75',2,1,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:c5c08802f2425b6c59bdb9f5bacaf8eb','01a2196b-b87d-7091-8188-0b54d7d64485',1,1,'device');
INSERT INTO "identifiers" VALUES('user_id:293a9538c610f8ae2b67fe030c70a4b8','01a2196b-b885-7035-a4be-d079f62eff53',1,1,'verified');
INSERT INTO "identifiers" VALUES('user_id:e337489e637308ba05082f79a6a7ed52','01a2196b-b899-7581-afbe-d2a8012cd68c',1,1,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:df839c89575c61a82e0d4575abc8b08a','01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',1,2,'claimed');
INSERT INTO "identifiers" VALUES('email:90e9d64238680f47e37c31e494079251','01a2196b-b8aa-74ab-ae36-fdd1ea01d83b',1,2,'verified');
INSERT INTO "identifiers" VALUES('user_id:92c16d1eda0ef7188aa24151a1960441','01a2196b-b8b2-7438-9e09-ae6835020056',1,1,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:3040809f88ef9bda781c88da7000dfc8','01a2196b-b8c6-72ae-a808-7ed9a584ac61',1,1,'device');
INSERT INTO "identifiers" VALUES('email:091b87540d523c95d7e940ed68794031','01a2196b-b8c6-72ae-a808-7edad4f49b28',1,1,'claimed');
INSERT INTO "identifiers" VALUES('user_id:082eca9ff542b1034f455d5dc78ae60a','01a2196b-b8bd-73b6-833a-bd457af2c808',1,1,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:ef9d8af78a63cb229b955a276359e993','01a2196b-b8d8-74a2-8a63-0bcd2c4ce4f7',1,1,'device');
INSERT INTO "identifiers" VALUES('device_id:8d9ce93cf337afad9243d16ceaedbaac','01a2196b-b8f8-731c-ad0f-d3f72243c72b',1,1,'device');
INSERT INTO "identifiers" VALUES('device_id:cacb694295ea8beaf2a874e6982eb3a9','01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1,1,'device');
INSERT INTO "identifiers" VALUES('phone:d47c0a0d7cf77bb675aaf57e125ce7da','01a2196b-b8f0-74f0-999f-d5493d202864',1,1,'claimed');
INSERT INTO "identifiers" VALUES('device_id:6463870da55e51744d489d1b8b967991','01a2196b-b905-77f3-b2c0-25f5dd095a68',1,1,'device');
INSERT INTO "identifiers" VALUES('device_id:7fa76eee4bdc27fabb665762087d8a10','01a2196b-b90d-7168-b986-e1eed61b0445',1,1,'device');
INSERT INTO "identifiers" VALUES('device_id:0f4aa9fcee6efed094e4c96c874e34a0','01a2196b-b918-77ec-86a8-aa18b5182b3c',1,1,'device');
INSERT INTO "identifiers" VALUES('device_id:2238d73d6961b98cea8e4199e4310f27','01a2196b-b91f-75f3-a4da-ca22e403e6d5',1,1,'device');
INSERT INTO "identifiers" VALUES('device_id:e66130a777dac0dd4d70078ecd497ccc','01a2196b-b928-74c3-9a44-9a0d2d72c488',1,1,'device');
INSERT INTO "identifiers" VALUES('email:ef55b0ecfa8f4e369b44b7a3c7a943c3','01a2196b-b928-74c3-9a44-9a0e97eb15cf',1,2,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:11a943f8d1ac414e32242154f0a5c26f','01a2196b-b936-73a0-b4f1-93166af63b0c',1,1,'device');
INSERT INTO "identifiers" VALUES('user_id:17f324b55d65ec6ebd7e78f1e1d5b140','01a2196b-b930-7519-97c6-010a058ecaac',1,1,'verified');
INSERT INTO "identifiers" VALUES('anonymous_id:67ee1721a94459aeb8b28c1813a62e64','01a2196b-b944-761a-b080-4ef09bdda143',1,2,'device');
CREATE TABLE labels (
	stream_id TEXT NOT NULL, 
	profile_id TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	PRIMARY KEY (stream_id)
);
INSERT INTO "labels" VALUES('01a2196b-b861-755c-8752-36958597c5ad','01a2196b-b861-755c-8752-36958597c5ad',1);
INSERT INTO "labels" VALUES('01a2196b-b87d-7091-8188-0b54d7d64485','01a2196b-b861-755c-8752-36958597c5ad',1);
INSERT INTO "labels" VALUES('01a2196b-b885-7035-a4be-d079f62eff53','01a2196b-b861-755c-8752-36958597c5ad',1);
INSERT INTO "labels" VALUES('01a2196b-b899-7581-afbe-d2a8012cd68c','01a2196b-b899-7581-afbe-d2a8012cd68c',1);
INSERT INTO "labels" VALUES('01a2196b-b899-7581-afbe-d2a9992f9f75','01a2196b-b899-7581-afbe-d2a8012cd68c',1);
INSERT INTO "labels" VALUES('01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4','01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',2);
INSERT INTO "labels" VALUES('01a2196b-b8aa-74ab-ae36-fdd1ea01d83b','01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',2);
INSERT INTO "labels" VALUES('01a2196b-b8b2-7438-9e09-ae6835020056','01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',1);
INSERT INTO "labels" VALUES('01a2196b-b8bd-73b6-833a-bd457af2c808','01a2196b-b8bd-73b6-833a-bd457af2c808',1);
INSERT INTO "labels" VALUES('01a2196b-b8c6-72ae-a808-7ed9a584ac61','01a2196b-b8c6-72ae-a808-7ed9a584ac61',1);
INSERT INTO "labels" VALUES('01a2196b-b8c6-72ae-a808-7edad4f49b28','01a2196b-b8c6-72ae-a808-7ed9a584ac61',1);
INSERT INTO "labels" VALUES('01a2196b-b8d8-74a2-8a63-0bcd2c4ce4f7','01a2196b-b8c6-72ae-a808-7ed9a584ac61',1);
INSERT INTO "labels" VALUES('01a2196b-b8f0-74f0-999f-d5480b0d0a7d','01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1);
INSERT INTO "labels" VALUES('01a2196b-b8f0-74f0-999f-d5493d202864','01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1);
INSERT INTO "labels" VALUES('01a2196b-b8f8-731c-ad0f-d3f72243c72b','01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1);
INSERT INTO "labels" VALUES('01a2196b-b905-77f3-b2c0-25f5dd095a68','01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1);
INSERT INTO "labels" VALUES('01a2196b-b90d-7168-b986-e1eed61b0445','01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1);
INSERT INTO "labels" VALUES('01a2196b-b918-77ec-86a8-aa18b5182b3c','01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1);
INSERT INTO "labels" VALUES('01a2196b-b91f-75f3-a4da-ca22e403e6d5','01a2196b-b8f0-74f0-999f-d5480b0d0a7d',1);
INSERT INTO "labels" VALUES('01a2196b-b928-74c3-9a44-9a0d2d72c488','01a2196b-b928-74c3-9a44-9a0d2d72c488',1);
INSERT INTO "labels" VALUES('01a2196b-b928-74c3-9a44-9a0e97eb15cf','01a2196b-b928-74c3-9a44-9a0d2d72c488',2);
INSERT INTO "labels" VALUES('01a2196b-b930-7519-97c6-010a058ecaac','01a2196b-b928-74c3-9a44-9a0d2d72c488',1);
INSERT INTO "labels" VALUES('01a2196b-b936-73a0-b4f1-93166af63b0c','01a2196b-b936-73a0-b4f1-93166af63b0c',1);
INSERT INTO "labels" VALUES('01a2196b-b944-761a-b080-4ef09bdda143','01a2196b-b936-73a0-b4f1-93166af63b0c',2);
CREATE TABLE log_incarnations (
	incarnation INTEGER NOT NULL, 
	fingerprint TEXT NOT NULL, 
	began_at BIGINT NOT NULL, 
	PRIMARY KEY (incarnation)
);
INSERT INTO "log_incarnations" VALUES(1,'',0);
CREATE TABLE memberships (
	profile_id TEXT NOT NULL, 
	segment TEXT NOT NULL, 
	since BIGINT NOT NULL, 
	definition_version INTEGER NOT NULL, 
	PRIMARY KEY (profile_id, segment)
);
INSERT INTO "memberships" VALUES('01a2196b-b861-755c-8752-36958597c5ad','returning_one_time_buyer',1795176000000000,1);
INSERT INTO "memberships" VALUES('01a2196b-b899-7581-afbe-d2a8012cd68c','first_time_visitor',1795176000000000,1);
INSERT INTO "memberships" VALUES('01a2196b-b8bd-73b6-833a-bd457af2c808','first_time_visitor',1795176000000000,1);
INSERT INTO "memberships" VALUES('01a2196b-b8c6-72ae-a808-7ed9a584ac61','returning_one_time_buyer',1795176000000000,1);
INSERT INTO "memberships" VALUES('01a2196b-b928-74c3-9a44-9a0d2d72c488','returning_one_time_buyer',1795176000000000,1);
INSERT INTO "memberships" VALUES('01a2196b-b936-73a0-b4f1-93166af63b0c','first_time_visitor',1795176000000000,1);
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
INSERT INTO "positions" VALUES('profiles','01a2196b-b861-755c-8752-36958597c5ad',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b87d-7091-8188-0b54d7d64485',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b885-7035-a4be-d079f62eff53',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b899-7581-afbe-d2a8012cd68c',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b899-7581-afbe-d2a9992f9f75',1,1,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',3,3,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b8aa-74ab-ae36-fdd1ea01d83b',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b8b2-7438-9e09-ae6835020056',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b8bd-73b6-833a-bd457af2c808',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b8c6-72ae-a808-7ed9a584ac61',3,3,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b8c6-72ae-a808-7edad4f49b28',1,1,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b8d8-74a2-8a63-0bcd2c4ce4f7',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b8f0-74f0-999f-d5480b0d0a7d',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b8f0-74f0-999f-d5493d202864',1,1,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b8f8-731c-ad0f-d3f72243c72b',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b905-77f3-b2c0-25f5dd095a68',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b90d-7168-b986-e1eed61b0445',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b918-77ec-86a8-aa18b5182b3c',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b91f-75f3-a4da-ca22e403e6d5',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b928-74c3-9a44-9a0d2d72c488',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b928-74c3-9a44-9a0e97eb15cf',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b930-7519-97c6-010a058ecaac',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b936-73a0-b4f1-93166af63b0c',2,2,0,NULL);
INSERT INTO "positions" VALUES('profiles','01a2196b-b944-761a-b080-4ef09bdda143',3,3,0,NULL);
CREATE TABLE profiles (
	profile_id TEXT NOT NULL, 
	next_at BIGINT, 
	generation INTEGER NOT NULL, 
	PRIMARY KEY (profile_id)
);
INSERT INTO "profiles" VALUES('01a2196b-b861-755c-8752-36958597c5ad',NULL,5);
INSERT INTO "profiles" VALUES('01a2196b-b899-7581-afbe-d2a8012cd68c',NULL,5);
INSERT INTO "profiles" VALUES('01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',NULL,5);
INSERT INTO "profiles" VALUES('01a2196b-b8bd-73b6-833a-bd457af2c808',NULL,5);
INSERT INTO "profiles" VALUES('01a2196b-b8c6-72ae-a808-7ed9a584ac61',NULL,5);
INSERT INTO "profiles" VALUES('01a2196b-b8f0-74f0-999f-d5480b0d0a7d',NULL,5);
INSERT INTO "profiles" VALUES('01a2196b-b928-74c3-9a44-9a0d2d72c488',NULL,5);
INSERT INTO "profiles" VALUES('01a2196b-b936-73a0-b4f1-93166af63b0c',NULL,5);
INSERT INTO "profiles" VALUES('01a2196b-b944-761a-b080-4ef09bdda143',NULL,5);
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
INSERT INTO "reconciled" VALUES('profiles',0,1,1,'',1,NULL,NULL,NULL,NULL,NULL,1795722819661984,1795722819661018,0);
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
CREATE TABLE streams (
	stream_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	changed_at BIGINT NOT NULL, changed_in BIGINT DEFAULT '0' NOT NULL, incarnation INTEGER DEFAULT '1' NOT NULL, restored_to INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (stream_id)
);
INSERT INTO "streams" VALUES('01a2196b-b861-755c-8752-36958597c5ad',1,1795722819724989,1,1,0);
INSERT INTO "streams" VALUES('01a2196b-b899-7581-afbe-d2a8012cd68c',1,1795722819769004,2,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8bd-73b6-833a-bd457af2c808',1,1795722819815996,3,1,0);
INSERT INTO "streams" VALUES('01a2196b-b8c6-72ae-a808-7ed9a584ac61',1,1795722819815996,3,1,0);
INSERT INTO "streams" VALUES('01a2196b-b928-74c3-9a44-9a0d2d72c488',1,1795722819897992,4,1,0);
INSERT INTO "streams" VALUES('01a2196b-b936-73a0-b4f1-93166af63b0c',1,1795722819922011,5,1,0);
INSERT INTO "streams" VALUES('01a2196b-b944-761a-b080-4ef09bdda143',2,1795722819978015,7,1,0);
CREATE TABLE summaries (
	stream_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	summary JSON NOT NULL, 
	PRIMARY KEY (stream_id)
);
INSERT INTO "summaries" VALUES('01a2196b-b861-755c-8752-36958597c5ad',2,'{"types":{"order_completed":[1,1788256800000000,[1788256800000000]]},"orders":{"1":[1788256800000000,"lea-1",60000,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b87d-7091-8188-0b54d7d64485',2,'{"types":{"checkout_started":[1,1790848800000000,[1790848800000000]]}}');
INSERT INTO "summaries" VALUES('01a2196b-b885-7035-a4be-d079f62eff53',2,'{"types":{"signed_in":[1,1790849100000000,[1790849100000000]]}}');
INSERT INTO "summaries" VALUES('01a2196b-b899-7581-afbe-d2a8012cd68c',2,'{"types":{"signed_in":[1,1790935200000000,[1790935200000000]]}}');
INSERT INTO "summaries" VALUES('01a2196b-b8aa-74ab-ae36-fdd0f7e5e8e4',2,'{"types":{"order_completed":[1,1788343200000000,[1788343200000000]]},"orders":{"2":[1788343200000000,"cara-1",4200,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b8b2-7438-9e09-ae6835020056',2,'{"types":{"order_completed":[1,1791021600000000,[1791021600000000]]},"orders":{"3":[1791021600000000,"bob-1",2500,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b8bd-73b6-833a-bd457af2c808',2,'{"types":{"signed_in":[1,1791108000000000,[1791108000000000]]}}');
INSERT INTO "summaries" VALUES('01a2196b-b8c6-72ae-a808-7ed9a584ac61',3,'{"types":{"order_completed":[1,1788429600000000,[1788429600000000]],"traits_changed":[1,1788429660000000,[1788429660000000]]},"traits":{"first_name":[1788429660000000,"ann-2","Ann"]},"orders":{"4":[1788429600000000,"ann-1",9900,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b8d8-74a2-8a63-0bcd2c4ce4f7',2,'{"types":{"checkout_started":[1,1791194400000000,[1791194400000000]]}}');
INSERT INTO "summaries" VALUES('01a2196b-b8f0-74f0-999f-d5480b0d0a7d',2,'{"types":{"order_completed":[1,1789034400000000,[1789034400000000]]},"orders":{"till-order-0":[1789034400000000,"till-0",1000,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b8f8-731c-ad0f-d3f72243c72b',2,'{"types":{"order_completed":[1,1789120800000000,[1789120800000000]]},"orders":{"till-order-1":[1789120800000000,"till-1",1001,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b905-77f3-b2c0-25f5dd095a68',2,'{"types":{"order_completed":[1,1789207200000000,[1789207200000000]]},"orders":{"till-order-2":[1789207200000000,"till-2",1002,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b90d-7168-b986-e1eed61b0445',2,'{"types":{"order_completed":[1,1789293600000000,[1789293600000000]]},"orders":{"till-order-3":[1789293600000000,"till-3",1003,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b918-77ec-86a8-aa18b5182b3c',2,'{"types":{"order_completed":[1,1789380000000000,[1789380000000000]]},"orders":{"till-order-4":[1789380000000000,"till-4",1004,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b91f-75f3-a4da-ca22e403e6d5',2,'{"types":{"order_completed":[1,1789466400000000,[1789466400000000]]},"orders":{"till-order-5":[1789466400000000,"till-5",1005,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b928-74c3-9a44-9a0d2d72c488',2,'{"types":{"order_completed":[1,1788516000000000,[1788516000000000]]},"orders":{"5":[1788516000000000,"nora-1",3300,"EUR",0,{}]}}');
INSERT INTO "summaries" VALUES('01a2196b-b930-7519-97c6-010a058ecaac',2,'{"types":{"signed_in":[1,1788602400000000,[1788602400000000]]}}');
INSERT INTO "summaries" VALUES('01a2196b-b936-73a0-b4f1-93166af63b0c',2,'{"types":{"product_viewed":[1,1788688800000000,[1788688800000000]]}}');
INSERT INTO "summaries" VALUES('01a2196b-b944-761a-b080-4ef09bdda143',2,'{"types":{"product_viewed":[1,1788688860000000,[1788688860000000]]}}');
CREATE INDEX ix_outbox_claimed_at ON outbox (claimed_at);
CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only: UPDATE refused'); END;
CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only: DELETE refused'); END;
CREATE INDEX positions_behind ON positions (source, stream_id) WHERE seen > version;
CREATE INDEX ix_labels_profile_id ON labels (profile_id);
CREATE INDEX ix_identifiers_stream_id ON identifiers (stream_id);
CREATE INDEX ix_profiles_next_at ON profiles (next_at);
CREATE INDEX ix_profiles_generation ON profiles (generation);
CREATE INDEX memberships_by_segment ON memberships (segment);
CREATE INDEX dead_letters_by_time ON dead_letters (source, died_at);
CREATE INDEX dead_letters_open ON dead_letters (id) WHERE redriven_at IS NULL;
CREATE INDEX streams_by_transaction ON streams (incarnation, changed_in, stream_id);
CREATE INDEX positions_ahead ON positions (source, stream_id) WHERE restored_to IS NOT NULL;
COMMIT;
