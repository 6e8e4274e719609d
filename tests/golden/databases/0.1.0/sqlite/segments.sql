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
INSERT INTO "dead_letters" VALUES('01a2182e-1078-71ca-adc4-338d6f8549bf','profiles','["01a2182e-014c-7611-b0cb-d7a5b08a8a5b"]',4,'lena-3','order_completed','Refused: order_completed: cannot be applied by the release that made this database',899254800000000,NULL);
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
INSERT INTO "definitions" VALUES(1,'01a2182d-fba6-705a-b2b6-8c8097b53c4f','first_time_visitor',1,'orders() == 0','Has no order yet.','file',898776000000000);
INSERT INTO "definitions" VALUES(2,'01a2182d-fba6-705a-b2b6-8c81201a9f53','returning_one_time_buyer',1,'orders() == 1','Has bought exactly once.','file',898776000000000);
INSERT INTO "definitions" VALUES(3,'01a2182d-fba6-705a-b2b6-8c82685c8c2e','frequent_buyer',1,'orders(within="60d") > 5','Has bought more than five times in the last 60 days.','file',898776000000000);
INSERT INTO "definitions" VALUES(4,'01a2182d-fba6-705a-b2b6-8c83445da1b1','high_value',1,'revenue("USD") >= 500','Has spent 500 USD or more, net of refunds.','file',898776000000000);
INSERT INTO "definitions" VALUES(5,'01a2182d-fba6-705a-b2b6-8c846c385e7e','abandoned_cart',1,'cart_items() > 0
and "1h" <= since_last("cart_updated") < "30d"
and (never("order_completed") or last("order_completed") < last("cart_updated"))
','Left a cart with something in it between an hour and 30 days ago, and has not ordered since.','file',898776000000000);
INSERT INTO "definitions" VALUES(6,'01a2182e-0026-70e6-9ae1-6b73a6193b6c','high_value',2,'revenue("USD") >= 100','Has spent 100 USD or more, net of refunds.','defined',898776000000000);
INSERT INTO "definitions" VALUES(7,'01a2182e-0031-70cb-96d0-445a3b8a0e39','newsletter_reader',1,'count("newsletter_opened", within="30d") >= 3
or traits.newsletter == True','Reads what we write: opened three issues in 30 days, or asked for it.','defined',898776000000000);
INSERT INTO "definitions" VALUES(8,'01a2182e-0037-7175-b5ce-e165cadddb9d','frequent_buyer',2,'False','No longer in use.','defined',898776000000000);
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
INSERT INTO "events" VALUES('01a2182d-fb82-7679-b8eb-a4bed60c324e',1,'3f09ead7-627b-53ab-a2ac-c19be94c2a1f','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fb82-7679-b8eb-a4bed60c324e","definition_version":1,"reason":"event","as_of":{"01a2182d-fb82-7679-b8eb-a4bed60c324e":2,"01a2182d-fb82-7679-b8eb-a4bfe0a27b6a":1}}','{"profile_id":"01a2182d-fb82-7679-b8eb-a4bed60c324e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fb82-7679-b8eb-a4bfe0a27b6a',1,'5f7f1753-3107-5f63-b4a4-cfc7fe2b70f7','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fb82-7679-b8eb-a4bfe0a27b6a","definition_version":1,"reason":"merge","as_of":{"01a2182d-fb82-7679-b8eb-a4bfe0a27b6a":2,"01a2182d-fb9e-75e3-87a0-382d9418b5af":2,"01a2182d-fb9e-75e3-87a0-382e0e2c8a8c":1}}','{"profile_id":"01a2182d-fb82-7679-b8eb-a4bfe0a27b6a"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fbbb-740a-8576-4f38c4ca883d',1,'8c512a34-56ec-5734-a114-362b9929bf89','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fbbb-740a-8576-4f38c4ca883d","definition_version":1,"reason":"event","as_of":{"01a2182d-fbbb-740a-8576-4f38c4ca883d":2,"01a2182d-fbbb-740a-8576-4f39ff30854c":1}}','{"profile_id":"01a2182d-fbbb-740a-8576-4f38c4ca883d"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',1,'0012d1a2-60e6-5561-a8b7-f7067da43473','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fbd6-72ca-8a14-50c72ea1e3d6","definition_version":1,"reason":"event","as_of":{"01a2182d-fbd6-72ca-8a14-50c72ea1e3d6":3,"01a2182d-fbd6-72ca-8a14-50c8190f62a4":1,"01a2182d-fbe7-70c8-aa6e-60c48422ddb2":1}}','{"profile_id":"01a2182d-fbd6-72ca-8a14-50c72ea1e3d6"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e',1,'ea250e31-5d2f-518e-8c90-5d1d89798eb7','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e","definition_version":1,"reason":"event","as_of":{"01a2182d-fc5c-73f4-980d-cd10e7b2514e":2,"01a2182d-fc5c-73f4-980d-cd11f5bb2218":1}}','{"profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e',2,'9d957bdf-42fd-5da9-8117-a5510241806b','segment_exited',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e","definition_version":1,"reason":"event","as_of":{"01a2182d-fc5c-73f4-980d-cd10e7b2514e":3,"01a2182d-fc5c-73f4-980d-cd11f5bb2218":1}}','{"profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e',3,'26f5fb28-199f-5995-b58e-f88883d0a82a','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e","definition_version":1,"reason":"event","as_of":{"01a2182d-fc5c-73f4-980d-cd10e7b2514e":3,"01a2182d-fc5c-73f4-980d-cd11f5bb2218":1}}','{"profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fc82-71a3-bd18-a58f7da40cdc',1,'5fb2e8e4-36b8-5fc5-b8b7-630867ab1455','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fc82-71a3-bd18-a58f7da40cdc","definition_version":1,"reason":"event","as_of":{"01a2182d-fc82-71a3-bd18-a58f7da40cdc":3,"01a2182d-fc95-7205-8f14-c32eda95da53":1}}','{"profile_id":"01a2182d-fc82-71a3-bd18-a58f7da40cdc"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e',4,'fb5f4ac4-83bf-5e58-9a3b-15588db379be','segment_exited',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e","definition_version":1,"reason":"merge","as_of":{"01a2182d-fc5c-73f4-980d-cd10e7b2514e":4,"01a2182d-fc5c-73f4-980d-cd11f5bb2218":1,"01a2182d-fc82-71a3-bd18-a58f7da40cdc":4,"01a2182d-fc95-7205-8f14-c32eda95da53":2}}','{"profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fc82-71a3-bd18-a58f7da40cdc',2,'852e5737-60d2-58aa-bd43-fce85da70571','segment_exited',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fc82-71a3-bd18-a58f7da40cdc","definition_version":1,"reason":"merge","as_of":{}}','{"profile_id":"01a2182d-fc82-71a3-bd18-a58f7da40cdc"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fce8-70cb-a96a-341092d59cb6',1,'7c757ab6-5ba6-5c79-b6cd-cb9d3632adda','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fce8-70cb-a96a-341092d59cb6","definition_version":1,"reason":"event","as_of":{"01a2182d-fce8-70cb-a96a-341092d59cb6":2,"01a2182d-fce8-70cb-a96a-34113c74739a":1,"01a2182d-fce8-70cb-a96a-34128ebf3877":1}}','{"profile_id":"01a2182d-fce8-70cb-a96a-341092d59cb6"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',1,'7070b1d1-a571-5775-823d-106cedfd016a','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c","definition_version":1,"reason":"event","as_of":{"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c":2}}','{"profile_id":"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fd15-76cb-b5a6-5968bb777075',1,'01a9c240-ed3d-5a75-8c45-75cd62182a69','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fd15-76cb-b5a6-5968bb777075","definition_version":1,"reason":"event","as_of":{"01a2182d-fd15-76cb-b5a6-5968bb777075":2}}','{"profile_id":"01a2182d-fd15-76cb-b5a6-5968bb777075"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fd2b-7779-9079-038fcd3f63dc',1,'295f36bd-57b5-5dd5-bf80-1ba918d45dbe','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fd2b-7779-9079-038fcd3f63dc","definition_version":1,"reason":"event","as_of":{"01a2182d-fd2b-7779-9079-038fcd3f63dc":2}}','{"profile_id":"01a2182d-fd2b-7779-9079-038fcd3f63dc"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fd33-77cc-bb47-d13c83a5f302',1,'6117d67a-1a92-5664-8a44-8f2ef8429833','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fd33-77cc-bb47-d13c83a5f302","definition_version":1,"reason":"event","as_of":{"01a2182d-fd33-77cc-bb47-d13c83a5f302":2}}','{"profile_id":"01a2182d-fd33-77cc-bb47-d13c83a5f302"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fd4a-70b7-8040-f3ee4013f867',1,'620a6560-fd26-5284-a8dc-e37e465e6c88','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fd4a-70b7-8040-f3ee4013f867","definition_version":1,"reason":"event","as_of":{"01a2182d-fd4a-70b7-8040-f3ee4013f867":2}}','{"profile_id":"01a2182d-fd4a-70b7-8040-f3ee4013f867"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e',1,'16b513c4-ccc5-5189-a788-5878a9290016','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fdaa-73ab-8085-254d15545f5e","definition_version":1,"reason":"event","as_of":{"01a2182d-fdaa-73ab-8085-254d15545f5e":2,"01a2182d-fdaa-73ab-8085-254ea8f22a75":1,"01a2182d-fdaa-73ab-8085-254fff6b24f0":1}}','{"profile_id":"01a2182d-fdaa-73ab-8085-254d15545f5e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e',2,'22494677-e6dd-5885-99d5-f01a9036cf2e','segment_exited',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fdaa-73ab-8085-254d15545f5e","definition_version":1,"reason":"event","as_of":{"01a2182d-fdaa-73ab-8085-254d15545f5e":4,"01a2182d-fdaa-73ab-8085-254ea8f22a75":1,"01a2182d-fdaa-73ab-8085-254fff6b24f0":1}}','{"profile_id":"01a2182d-fdaa-73ab-8085-254d15545f5e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e',3,'9845fc81-8187-534a-a17c-f78e02ea47c2','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fdaa-73ab-8085-254d15545f5e","definition_version":1,"reason":"event","as_of":{"01a2182d-fdaa-73ab-8085-254d15545f5e":4,"01a2182d-fdaa-73ab-8085-254ea8f22a75":1,"01a2182d-fdaa-73ab-8085-254fff6b24f0":1}}','{"profile_id":"01a2182d-fdaa-73ab-8085-254d15545f5e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fdc3-7270-81ee-e69b83828acc',1,'c3842791-4354-57c6-9905-a56327d7bc11','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fdc3-7270-81ee-e69b83828acc","definition_version":1,"reason":"event","as_of":{"01a2182d-fdc3-7270-81ee-e69b83828acc":1}}','{"profile_id":"01a2182d-fdc3-7270-81ee-e69b83828acc"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fdd0-7796-be20-9e64b48d184a',1,'7122cf65-0ae1-5031-8aea-999ff926f1fd','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fdd0-7796-be20-9e64b48d184a","definition_version":1,"reason":"event","as_of":{"01a2182d-fdd0-7796-be20-9e64b48d184a":2,"01a2182d-fdd0-7796-be20-9e65898e80af":1}}','{"profile_id":"01a2182d-fdd0-7796-be20-9e64b48d184a"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fdd0-7796-be20-9e64b48d184a',2,'3243e203-bf96-5fb0-a5f4-2e6ea83311ac','segment_entered',1,'{"segment":"abandoned_cart","profile_id":"01a2182d-fdd0-7796-be20-9e64b48d184a","definition_version":1,"reason":"event","as_of":{"01a2182d-fdd0-7796-be20-9e64b48d184a":3,"01a2182d-fdd0-7796-be20-9e65898e80af":2}}','{"profile_id":"01a2182d-fdd0-7796-be20-9e64b48d184a"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fde7-77af-8180-79e566e10ac1',1,'225ac18c-7ca9-59d2-b1c3-432f1d2e4f95','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fde7-77af-8180-79e566e10ac1","definition_version":1,"reason":"event","as_of":{"01a2182d-fde7-77af-8180-79e566e10ac1":1}}','{"profile_id":"01a2182d-fde7-77af-8180-79e566e10ac1"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fdfe-759f-b25c-7566d5f26385',1,'0a68f48e-fc41-56d2-87ec-79dbbbf7a7db','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fdfe-759f-b25c-7566d5f26385","definition_version":1,"reason":"event","as_of":{"01a2182d-fdfe-759f-b25c-7566d5f26385":2,"01a2182d-fdfe-759f-b25c-7567602f6c5b":1}}','{"profile_id":"01a2182d-fdfe-759f-b25c-7566d5f26385"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fe44-72cd-a9a0-44acead12706',1,'eaff1a1f-5dea-5747-b90d-e58d1ba33d8f','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fe44-72cd-a9a0-44acead12706","definition_version":1,"reason":"event","as_of":{"01a2182d-fe44-72cd-a9a0-44acead12706":3,"01a2182d-fe4e-7189-b10a-12f9ab372beb":1}}','{"profile_id":"01a2182d-fe44-72cd-a9a0-44acead12706"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',1,'f391cefc-2d25-5f44-abd4-8e69f92b4825','segment_entered',1,'{"segment":"abandoned_cart","profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e","definition_version":1,"reason":"event","as_of":{"01a2182d-fef0-7124-b7eb-5be658b40a0e":3,"01a2182d-fef8-747e-bc2d-604c9329b2cf":1}}','{"profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',2,'fc9f4939-20b2-5010-874b-9af2fe4e6d90','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e","definition_version":1,"reason":"event","as_of":{"01a2182d-fef0-7124-b7eb-5be658b40a0e":3,"01a2182d-fef8-747e-bc2d-604c9329b2cf":1}}','{"profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',3,'e7bab4d3-1e71-5f6b-8dd7-5477e22998e1','segment_exited',1,'{"segment":"abandoned_cart","profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e","definition_version":1,"reason":"event","as_of":{"01a2182d-fef0-7124-b7eb-5be658b40a0e":5,"01a2182d-fef8-747e-bc2d-604c9329b2cf":2,"01a2182d-ff0b-73e9-8f15-905cbf5b9da4":2,"01a2182d-ff0b-73e9-8f15-905d1259d894":1}}','{"profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',4,'435f269f-22e5-5d24-b470-4797b80885e4','segment_exited',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e","definition_version":1,"reason":"event","as_of":{"01a2182d-fef0-7124-b7eb-5be658b40a0e":5,"01a2182d-fef8-747e-bc2d-604c9329b2cf":2,"01a2182d-ff0b-73e9-8f15-905cbf5b9da4":2,"01a2182d-ff0b-73e9-8f15-905d1259d894":1}}','{"profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',5,'7e607222-4e0f-55b6-9c63-e50aaa7d0779','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e","definition_version":1,"reason":"event","as_of":{"01a2182d-fef0-7124-b7eb-5be658b40a0e":5,"01a2182d-fef8-747e-bc2d-604c9329b2cf":2,"01a2182d-ff0b-73e9-8f15-905cbf5b9da4":2,"01a2182d-ff0b-73e9-8f15-905d1259d894":1}}','{"profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',6,'bb69465a-7a8f-5395-bb8e-02ad06ed0ad3','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e","definition_version":1,"reason":"event","as_of":{"01a2182d-fef0-7124-b7eb-5be658b40a0e":5,"01a2182d-fef8-747e-bc2d-604c9329b2cf":2,"01a2182d-ff0b-73e9-8f15-905cbf5b9da4":3,"01a2182d-ff0b-73e9-8f15-905d1259d894":1}}','{"profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',7,'af61c6f2-3086-529b-a298-19fe461faaff','segment_exited',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e","definition_version":1,"reason":"event","as_of":{"01a2182d-fef0-7124-b7eb-5be658b40a0e":5,"01a2182d-fef8-747e-bc2d-604c9329b2cf":2,"01a2182d-ff0b-73e9-8f15-905cbf5b9da4":3,"01a2182d-ff0b-73e9-8f15-905d1259d894":1}}','{"profile_id":"01a2182d-fef0-7124-b7eb-5be658b40a0e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-ff28-75f9-b93a-0e59e780fb6c',1,'90b4f356-b9eb-56da-97a8-35c0bfd56f40','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-ff28-75f9-b93a-0e59e780fb6c","definition_version":1,"reason":"event","as_of":{"01a2182d-ff28-75f9-b93a-0e59e780fb6c":2,"01a2182d-ff28-75f9-b93a-0e5a9f9d683e":1}}','{"profile_id":"01a2182d-ff28-75f9-b93a-0e59e780fb6c"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-ff28-75f9-b93a-0e59e780fb6c',2,'8c1cce7f-2d1c-5903-a936-d4fc4b98f655','segment_exited',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-ff28-75f9-b93a-0e59e780fb6c","definition_version":1,"reason":"event","as_of":{"01a2182d-ff28-75f9-b93a-0e59e780fb6c":4,"01a2182d-ff28-75f9-b93a-0e5a9f9d683e":1}}','{"profile_id":"01a2182d-ff28-75f9-b93a-0e59e780fb6c"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e',5,'f2838545-9e0f-5ecd-8a4b-dd1d841e0690','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e","definition_version":1,"reason":"merge","as_of":{"01a2182d-fc5c-73f4-980d-cd10e7b2514e":5,"01a2182d-fc5c-73f4-980d-cd11f5bb2218":1,"01a2182d-fc95-7205-8f14-c32eda95da53":2}}','{"profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fc82-71a3-bd18-a58f7da40cdc',3,'fa29870e-8f8e-5f4f-8437-a101849e55bd','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fc82-71a3-bd18-a58f7da40cdc","definition_version":1,"reason":"merge","as_of":{"01a2182d-fc82-71a3-bd18-a58f7da40cdc":5}}','{"profile_id":"01a2182d-fc82-71a3-bd18-a58f7da40cdc"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fce8-70cb-a96a-34113c74739a',1,'66397c30-9ce9-5799-b8be-f4a01c57eb14','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fce8-70cb-a96a-34113c74739a","definition_version":1,"reason":"merge","as_of":{"01a2182d-fce8-70cb-a96a-34113c74739a":2}}','{"profile_id":"01a2182d-fce8-70cb-a96a-34113c74739a"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',2,'0b4a7178-68a0-5b1a-8d5f-3dcac70006a5','segment_exited',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c","definition_version":1,"reason":"merge","as_of":{"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c":2,"01a2182d-fd15-76cb-b5a6-5968bb777075":3}}','{"profile_id":"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',3,'a82fee0e-1def-5b4e-8325-303964f1a865','segment_entered',1,'{"segment":"high_value","profile_id":"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c","definition_version":2,"reason":"merge","as_of":{"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c":2,"01a2182d-fd15-76cb-b5a6-5968bb777075":3}}','{"profile_id":"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',4,'dad6f971-55e5-5ebc-8d95-e4670f985773','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c","definition_version":1,"reason":"merge","as_of":{"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c":2,"01a2182d-fd15-76cb-b5a6-5968bb777075":3}}','{"profile_id":"01a2182d-fd01-74ef-9aeb-0f62f85d1a3c"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fd15-76cb-b5a6-5968bb777075',2,'7f598ba5-da88-5eac-ae0a-ba0c94505706','segment_exited',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fd15-76cb-b5a6-5968bb777075","definition_version":1,"reason":"merge","as_of":{}}','{"profile_id":"01a2182d-fd15-76cb-b5a6-5968bb777075"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',2,'9ac6ecda-0eea-5799-8381-8ebb40d89e18','segment_entered',1,'{"segment":"newsletter_reader","profile_id":"01a2182d-fbd6-72ca-8a14-50c72ea1e3d6","definition_version":1,"reason":"definition","as_of":{"01a2182d-fbd6-72ca-8a14-50c72ea1e3d6":7,"01a2182d-fbd6-72ca-8a14-50c8190f62a4":1,"01a2182d-fbe7-70c8-aa6e-60c48422ddb2":1,"01a2182d-fc00-7117-a61d-d9ae2aea4529":1,"01a2182d-fc13-72fb-8f1d-54c55af74a6e":1,"01a2182d-fc2c-7776-b61a-806c0d4c7cf7":1}}','{"correlation_id":"standalone_rpc_proxy.call.ef062042-dd0a-4878-b39a-f621b800caf0","profile_id":"01a2182d-fbd6-72ca-8a14-50c72ea1e3d6"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e',4,'71074115-ac78-5ba1-98c7-652444fc39b0','segment_entered',1,'{"segment":"high_value","profile_id":"01a2182d-fdaa-73ab-8085-254d15545f5e","definition_version":2,"reason":"definition","as_of":{"01a2182d-fdaa-73ab-8085-254d15545f5e":5,"01a2182d-fdaa-73ab-8085-254ea8f22a75":1,"01a2182d-fdaa-73ab-8085-254fff6b24f0":1,"01a2182d-fe17-75b4-838b-f98f22f044a4":2}}','{"correlation_id":"standalone_rpc_proxy.call.ef062042-dd0a-4878-b39a-f621b800caf0","profile_id":"01a2182d-fdaa-73ab-8085-254d15545f5e"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182d-fe44-72cd-a9a0-44acead12706',2,'07b0bbe8-65b3-582c-aa25-3a93eb684985','segment_entered',1,'{"segment":"newsletter_reader","profile_id":"01a2182d-fe44-72cd-a9a0-44acead12706","definition_version":1,"reason":"definition","as_of":{"01a2182d-fe44-72cd-a9a0-44acead12706":3,"01a2182d-fe4e-7189-b10a-12f9ab372beb":2,"01a2182d-fe5c-74a3-a852-5a403a964b16":7}}','{"correlation_id":"standalone_rpc_proxy.call.ef062042-dd0a-4878-b39a-f621b800caf0","profile_id":"01a2182d-fe44-72cd-a9a0-44acead12706"}',898776000000000,898776000000000);
INSERT INTO "events" VALUES('01a2182e-014c-7611-b0cb-d79cac7968ff',1,'bdd41946-eec7-5bdc-8641-7624e15c4e18','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182e-014c-7611-b0cb-d79cac7968ff","definition_version":1,"reason":"event","as_of":{"01a2182e-014c-7611-b0cb-d79cac7968ff":4,"01a2182e-014c-7611-b0cb-d79dbe8b41d0":1}}','{"profile_id":"01a2182e-014c-7611-b0cb-d79cac7968ff"}',899251200000000,899251200000000);
INSERT INTO "events" VALUES('01a2182e-014c-7611-b0cb-d79eb5fb1a20',1,'d3d5cf10-a2a6-5886-93b5-4cca44972cde','segment_entered',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182e-014c-7611-b0cb-d79eb5fb1a20","definition_version":1,"reason":"event","as_of":{"01a2182e-014c-7611-b0cb-d79eb5fb1a20":4,"01a2182e-014c-7611-b0cb-d79f5aafa49c":1,"01a2182e-014c-7611-b0cb-d7a0240577c8":4}}','{"profile_id":"01a2182e-014c-7611-b0cb-d79eb5fb1a20"}',899251200000000,899251200000000);
INSERT INTO "events" VALUES('01a2182e-014c-7611-b0cb-d7a175dd1b2a',1,'98b6af8f-4220-5560-91a0-2298c1ac9cb2','segment_entered',1,'{"segment":"high_value","profile_id":"01a2182e-014c-7611-b0cb-d7a175dd1b2a","definition_version":2,"reason":"event","as_of":{"01a2182e-014c-7611-b0cb-d7a175dd1b2a":22,"01a2182e-014c-7611-b0cb-d7a2788facb4":1,"01a2182e-014c-7611-b0cb-d7a3003ca9c7":1}}','{"profile_id":"01a2182e-014c-7611-b0cb-d7a175dd1b2a"}',899251200000000,899251200000000);
INSERT INTO "events" VALUES('01a2182e-014c-7611-b0cb-d7a4969412d9',1,'5ec7c058-2df1-53e8-96fa-167acfba630d','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182e-014c-7611-b0cb-d7a4969412d9","definition_version":1,"reason":"event","as_of":{"01a2182e-014c-7611-b0cb-d7a4969412d9":4}}','{"profile_id":"01a2182e-014c-7611-b0cb-d7a4969412d9"}',899251200000000,899251200000000);
INSERT INTO "events" VALUES('01a2182e-014c-7611-b0cb-d7a5b08a8a5b',1,'9497c881-a6b7-5611-94c1-942e08822baf','segment_entered',1,'{"segment":"abandoned_cart","profile_id":"01a2182e-014c-7611-b0cb-d7a5b08a8a5b","definition_version":1,"reason":"event","as_of":{"01a2182e-014c-7611-b0cb-d7a5b08a8a5b":3,"01a2182e-014c-7611-b0cb-d7a6c68b6089":1}}','{"profile_id":"01a2182e-014c-7611-b0cb-d7a5b08a8a5b"}',899251200000000,899251200000000);
INSERT INTO "events" VALUES('01a2182e-014c-7611-b0cb-d7a5b08a8a5b',2,'8cb3f4d0-b709-5abb-b304-dda4691ad6e9','segment_entered',1,'{"segment":"first_time_visitor","profile_id":"01a2182e-014c-7611-b0cb-d7a5b08a8a5b","definition_version":1,"reason":"event","as_of":{"01a2182e-014c-7611-b0cb-d7a5b08a8a5b":3,"01a2182e-014c-7611-b0cb-d7a6c68b6089":1}}','{"profile_id":"01a2182e-014c-7611-b0cb-d7a5b08a8a5b"}',899251200000000,899251200000000);
INSERT INTO "events" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e',6,'ea7f46f6-317e-5265-bfff-d24b95fd35e5','segment_exited',1,'{"segment":"returning_one_time_buyer","profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e","definition_version":1,"reason":"event","as_of":{"01a2182d-fc5c-73f4-980d-cd10e7b2514e":6,"01a2182d-fc5c-73f4-980d-cd11f5bb2218":1,"01a2182d-fc95-7205-8f14-c32eda95da53":2}}','{"profile_id":"01a2182d-fc5c-73f4-980d-cd10e7b2514e"}',899251200000000,899251200000000);
INSERT INTO "events" VALUES('01a2182d-fce8-70cb-a96a-34113c74739a',2,'79225ba1-2166-596f-b1d5-0bbb49dbbd4e','segment_exited',1,'{"segment":"first_time_visitor","profile_id":"01a2182d-fce8-70cb-a96a-34113c74739a","definition_version":1,"reason":"merge","as_of":{}}','{"profile_id":"01a2182d-fce8-70cb-a96a-34113c74739a"}',899251200000000,899251200000000);
INSERT INTO "events" VALUES('01a2182e-014c-7611-b0cb-d79cac7968ff',2,'8d4dd322-90a5-5001-b315-bb6af66fbd66','segment_entered',1,'{"segment":"abandoned_cart","profile_id":"01a2182e-014c-7611-b0cb-d79cac7968ff","definition_version":1,"reason":"time","as_of":{"01a2182e-014c-7611-b0cb-d79cac7968ff":4,"01a2182e-014c-7611-b0cb-d79dbe8b41d0":1}}','{"correlation_id":"standalone_rpc_proxy.call.ef062042-dd0a-4878-b39a-f621b800caf0","profile_id":"01a2182e-014c-7611-b0cb-d79cac7968ff"}',899253240000000,899254800000000);
INSERT INTO "events" VALUES('01a2182e-014c-7611-b0cb-d79eb5fb1a20',2,'a7075a1c-3231-57ee-bd32-6c21db4b0064','segment_entered',1,'{"segment":"abandoned_cart","profile_id":"01a2182e-014c-7611-b0cb-d79eb5fb1a20","definition_version":1,"reason":"time","as_of":{"01a2182e-014c-7611-b0cb-d79eb5fb1a20":4,"01a2182e-014c-7611-b0cb-d79f5aafa49c":1,"01a2182e-014c-7611-b0cb-d7a0240577c8":4}}','{"correlation_id":"standalone_rpc_proxy.call.ef062042-dd0a-4878-b39a-f621b800caf0","profile_id":"01a2182e-014c-7611-b0cb-d79eb5fb1a20"}',899253720000000,899254800000000);
INSERT INTO "events" VALUES('01a2182e-014c-7611-b0cb-d7a175dd1b2a',2,'f893baa1-cb2d-5878-bca2-efe1f12de99e','segment_entered',1,'{"segment":"abandoned_cart","profile_id":"01a2182e-014c-7611-b0cb-d7a175dd1b2a","definition_version":1,"reason":"time","as_of":{"01a2182e-014c-7611-b0cb-d7a175dd1b2a":22,"01a2182e-014c-7611-b0cb-d7a2788facb4":1,"01a2182e-014c-7611-b0cb-d7a3003ca9c7":1}}','{"correlation_id":"standalone_rpc_proxy.call.ef062042-dd0a-4878-b39a-f621b800caf0","profile_id":"01a2182e-014c-7611-b0cb-d7a175dd1b2a"}',899254200000000,899254800000000);
INSERT INTO "events" VALUES('01a2182e-014c-7611-b0cb-d7a4969412d9',2,'43d3e4c0-e596-5e4c-bdb0-4a233c9cbb7d','segment_entered',1,'{"segment":"abandoned_cart","profile_id":"01a2182e-014c-7611-b0cb-d7a4969412d9","definition_version":1,"reason":"time","as_of":{"01a2182e-014c-7611-b0cb-d7a4969412d9":4}}','{"correlation_id":"standalone_rpc_proxy.call.ef062042-dd0a-4878-b39a-f621b800caf0","profile_id":"01a2182e-014c-7611-b0cb-d7a4969412d9"}',899254440000000,899254800000000);
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
	segment TEXT NOT NULL, 
	since BIGINT NOT NULL, 
	definition_version INTEGER NOT NULL, 
	PRIMARY KEY (profile_id, segment)
);
INSERT INTO "memberships" VALUES('01a2182d-fb82-7679-b8eb-a4bed60c324e','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fb82-7679-b8eb-a4bfe0a27b6a','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fbbb-740a-8576-4f38c4ca883d','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fbd6-72ca-8a14-50c72ea1e3d6','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fce8-70cb-a96a-341092d59cb6','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fd2b-7779-9079-038fcd3f63dc','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fd33-77cc-bb47-d13c83a5f302','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fd4a-70b7-8040-f3ee4013f867','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e','returning_one_time_buyer',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fdc3-7270-81ee-e69b83828acc','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fdd0-7796-be20-9e64b48d184a','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fdd0-7796-be20-9e64b48d184a','abandoned_cart',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fde7-77af-8180-79e566e10ac1','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fdfe-759f-b25c-7566d5f26385','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fe44-72cd-a9a0-44acead12706','returning_one_time_buyer',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e','first_time_visitor',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fc82-71a3-bd18-a58f7da40cdc','returning_one_time_buyer',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c','high_value',898776000000000,2);
INSERT INTO "memberships" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c','returning_one_time_buyer',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fbd6-72ca-8a14-50c72ea1e3d6','newsletter_reader',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e','high_value',898776000000000,2);
INSERT INTO "memberships" VALUES('01a2182d-fe44-72cd-a9a0-44acead12706','newsletter_reader',898776000000000,1);
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d79cac7968ff','first_time_visitor',899251200000000,1);
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d79eb5fb1a20','returning_one_time_buyer',899251200000000,1);
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d7a175dd1b2a','high_value',899251200000000,2);
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d7a4969412d9','first_time_visitor',899251200000000,1);
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d7a5b08a8a5b','abandoned_cart',899251200000000,1);
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d7a5b08a8a5b','first_time_visitor',899251200000000,1);
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d79cac7968ff','abandoned_cart',899253240000000,1);
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d79eb5fb1a20','abandoned_cart',899253720000000,1);
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d7a175dd1b2a','abandoned_cart',899254200000000,1);
INSERT INTO "memberships" VALUES('01a2182e-014c-7611-b0cb-d7a4969412d9','abandoned_cart',899254440000000,1);
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
INSERT INTO "positions" VALUES('profiles','01a2182d-fb9e-75e3-87a0-382d9418b5af',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fb9e-75e3-87a0-382e0e2c8a8c',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fbbb-740a-8576-4f38c4ca883d',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fbbb-740a-8576-4f39ff30854c',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',7,7,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fbd6-72ca-8a14-50c8190f62a4',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fbe7-70c8-aa6e-60c48422ddb2',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc00-7117-a61d-d9ae2aea4529',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc13-72fb-8f1d-54c55af74a6e',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc2c-7776-b61a-806c0d4c7cf7',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc5c-73f4-980d-cd10e7b2514e',6,6,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc5c-73f4-980d-cd11f5bb2218',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc82-71a3-bd18-a58f7da40cdc',5,5,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fc95-7205-8f14-c32eda95da53',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fce8-70cb-a96a-341092d59cb6',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fce8-70cb-a96a-34113c74739a',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fce8-70cb-a96a-34128ebf3877',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fd15-76cb-b5a6-5968bb777075',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fd2b-7779-9079-038fcd3f63dc',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fd33-77cc-bb47-d13c83a5f302',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fd4a-70b7-8040-f3ee4013f867',5,5,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdaa-73ab-8085-254d15545f5e',5,5,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdaa-73ab-8085-254ea8f22a75',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdaa-73ab-8085-254fff6b24f0',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdc3-7270-81ee-e69b83828acc',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdd0-7796-be20-9e64b48d184a',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdd0-7796-be20-9e65898e80af',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fde7-77af-8180-79e566e10ac1',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdfe-759f-b25c-7566d5f26385',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fdfe-759f-b25c-7567602f6c5b',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fe17-75b4-838b-f98f22f044a4',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fe44-72cd-a9a0-44acead12706',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fe4e-7189-b10a-12f9ab372beb',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fe5c-74a3-a852-5a403a964b16',7,7,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fef0-7124-b7eb-5be658b40a0e',5,5,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-fef8-747e-bc2d-604c9329b2cf',2,2,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-ff0b-73e9-8f15-905cbf5b9da4',3,3,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-ff0b-73e9-8f15-905d1259d894',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-ff28-75f9-b93a-0e59e780fb6c',6,6,0);
INSERT INTO "positions" VALUES('profiles','01a2182d-ff28-75f9-b93a-0e5a9f9d683e',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d79cac7968ff',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d79dbe8b41d0',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d79eb5fb1a20',4,5,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d79f5aafa49c',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a0240577c8',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a175dd1b2a',22,22,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a2788facb4',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a3003ca9c7',1,1,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a4969412d9',4,4,0);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a5b08a8a5b',3,4,1);
INSERT INTO "positions" VALUES('profiles','01a2182e-014c-7611-b0cb-d7a6c68b6089',1,1,0);
CREATE TABLE profiles (
	profile_id TEXT NOT NULL, 
	next_at BIGINT, 
	generation INTEGER NOT NULL, 
	PRIMARY KEY (profile_id)
);
INSERT INTO "profiles" VALUES('01a2182d-fb82-7679-b8eb-a4bed60c324e',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fb82-7679-b8eb-a4bfe0a27b6a',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fbbb-740a-8576-4f38c4ca883d',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',900497040000000,8);
INSERT INTO "profiles" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fc82-71a3-bd18-a58f7da40cdc',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fce8-70cb-a96a-341092d59cb6',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',899256600000000,8);
INSERT INTO "profiles" VALUES('01a2182d-fd15-76cb-b5a6-5968bb777075',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fd2b-7779-9079-038fcd3f63dc',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fd33-77cc-bb47-d13c83a5f302',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fd4a-70b7-8040-f3ee4013f867',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fdc3-7270-81ee-e69b83828acc',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fdd0-7796-be20-9e64b48d184a',900792300000000,8);
INSERT INTO "profiles" VALUES('01a2182d-fde7-77af-8180-79e566e10ac1',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fdfe-759f-b25c-7566d5f26385',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fe44-72cd-a9a0-44acead12706',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-ff28-75f9-b93a-0e59e780fb6c',NULL,8);
INSERT INTO "profiles" VALUES('01a2182d-fce8-70cb-a96a-34113c74739a',NULL,8);
INSERT INTO "profiles" VALUES('01a2182e-014c-7611-b0cb-d79cac7968ff',901841640000000,8);
INSERT INTO "profiles" VALUES('01a2182e-014c-7611-b0cb-d79eb5fb1a20',901842120000000,8);
INSERT INTO "profiles" VALUES('01a2182e-014c-7611-b0cb-d7a175dd1b2a',901842600000000,8);
INSERT INTO "profiles" VALUES('01a2182e-014c-7611-b0cb-d7a4969412d9',901842840000000,8);
INSERT INTO "profiles" VALUES('01a2182e-014c-7611-b0cb-d7a5b08a8a5b',901743300000000,8);
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
INSERT INTO "streams" VALUES('01a2182d-fb82-7679-b8eb-a4bed60c324e',1,899254800520167);
INSERT INTO "streams" VALUES('01a2182d-fb82-7679-b8eb-a4bfe0a27b6a',1,899254800568542);
INSERT INTO "streams" VALUES('01a2182d-fbbb-740a-8576-4f38c4ca883d',1,899254800568542);
INSERT INTO "streams" VALUES('01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',2,899254801772122);
INSERT INTO "streams" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e',6,899254802029998);
INSERT INTO "streams" VALUES('01a2182d-fc82-71a3-bd18-a58f7da40cdc',3,899254801697751);
INSERT INTO "streams" VALUES('01a2182d-fce8-70cb-a96a-341092d59cb6',1,899254800874283);
INSERT INTO "streams" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',4,899254801716986);
INSERT INTO "streams" VALUES('01a2182d-fd15-76cb-b5a6-5968bb777075',2,899254801716986);
INSERT INTO "streams" VALUES('01a2182d-fd2b-7779-9079-038fcd3f63dc',1,899254800960939);
INSERT INTO "streams" VALUES('01a2182d-fd33-77cc-bb47-d13c83a5f302',1,899254800960939);
INSERT INTO "streams" VALUES('01a2182d-fd4a-70b7-8040-f3ee4013f867',1,899254801001914);
INSERT INTO "streams" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e',4,899254801807719);
INSERT INTO "streams" VALUES('01a2182d-fdc3-7270-81ee-e69b83828acc',1,899254801079254);
INSERT INTO "streams" VALUES('01a2182d-fdd0-7796-be20-9e64b48d184a',2,899254801130340);
INSERT INTO "streams" VALUES('01a2182d-fde7-77af-8180-79e566e10ac1',1,899254801130340);
INSERT INTO "streams" VALUES('01a2182d-fdfe-759f-b25c-7566d5f26385',1,899254801174585);
INSERT INTO "streams" VALUES('01a2182d-fe44-72cd-a9a0-44acead12706',2,899254801829958);
INSERT INTO "streams" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',7,899254801444563);
INSERT INTO "streams" VALUES('01a2182d-ff28-75f9-b93a-0e59e780fb6c',2,899254801479216);
INSERT INTO "streams" VALUES('01a2182d-fce8-70cb-a96a-34113c74739a',2,899254802263815);
INSERT INTO "streams" VALUES('01a2182e-014c-7611-b0cb-d79cac7968ff',2,899254802563480);
INSERT INTO "streams" VALUES('01a2182e-014c-7611-b0cb-d79eb5fb1a20',2,899254802570823);
INSERT INTO "streams" VALUES('01a2182e-014c-7611-b0cb-d7a175dd1b2a',2,899254802577670);
INSERT INTO "streams" VALUES('01a2182e-014c-7611-b0cb-d7a4969412d9',2,899254802583059);
INSERT INTO "streams" VALUES('01a2182e-014c-7611-b0cb-d7a5b08a8a5b',2,899254801997837);
CREATE TABLE summaries (
	stream_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	summary JSON NOT NULL, 
	PRIMARY KEY (stream_id)
);
INSERT INTO "summaries" VALUES('01a2182d-fb82-7679-b8eb-a4bed60c324e',3,'{"types":{"checkout_started":[2,897300000000000,[897300000000000,897303600000000]]}}');
INSERT INTO "summaries" VALUES('01a2182d-fb9e-75e3-87a0-382d9418b5af',2,'{"types":{"signed_in":[1,897386400000000,[897386400000000]]}}');
INSERT INTO "summaries" VALUES('01a2182d-fbbb-740a-8576-4f38c4ca883d',4,'{"types":{"product_viewed":[1,897393600000000,[897393600000000]],"signed_in":[1,897393900000000,[897393900000000]]}}');
INSERT INTO "summaries" VALUES('01a2182d-fbd6-72ca-8a14-50c72ea1e3d6',7,'{"types":{"newsletter_opened":[6,897904860000000,[897904860000000,897904920000000,897904980000000,897905040000000,897905100000000,897905160000000]]}}');
INSERT INTO "summaries" VALUES('01a2182d-fc5c-73f4-980d-cd10e7b2514e',6,'{"types":{"signed_in":[2,897465600000000,[897465600000000,897638400000000]],"order_completed":[2,897466200000000,[897466200000000,899244000000000]]},"orders":{"mia-order-1":[897466200000000,"mia-2",1900,"USD",1,{"home":1}],"mia-order-2":[899244000000000,"mia-4",4200,"USD",1,{"books":1}]}}');
INSERT INTO "summaries" VALUES('01a2182d-fc82-71a3-bd18-a58f7da40cdc',3,'{"types":{"product_viewed":[1,897552000000000,[897552000000000]],"order_completed":[1,897552600000000,[897552600000000]]},"orders":{"lou-order-1":[897552600000000,"lou-2",2100,"USD",3,{"clothing":3}]}}');
INSERT INTO "summaries" VALUES('01a2182d-fce8-70cb-a96a-341092d59cb6',4,'{"types":{"signed_in":[1,897642000000000,[897642000000000]],"product_viewed":[1,899244600000000,[899244600000000]]}}');
INSERT INTO "summaries" VALUES('01a2182d-fd01-74ef-9aeb-0f62f85d1a3c',3,'{"types":{"product_viewed":[1,897724800000000,[897724800000000]],"cart_updated":[1,899253000000000,[899253000000000]]},"cart":[899253000000000,"ivo-3",2100,"USD",3]}');
INSERT INTO "summaries" VALUES('01a2182d-fd15-76cb-b5a6-5968bb777075',2,'{"types":{"order_completed":[1,897728400000000,[897728400000000]]},"orders":{"ivo-order-1":[897728400000000,"ivo-2",12000,"USD",1,{"outdoor":1}]}}');
INSERT INTO "summaries" VALUES('01a2182d-fd2b-7779-9079-038fcd3f63dc',2,'{"types":{"product_viewed":[1,897811200000000,[897811200000000]]}}');
INSERT INTO "summaries" VALUES('01a2182d-fd33-77cc-bb47-d13c83a5f302',2,'{"types":{"product_viewed":[1,897814800000000,[897814800000000]]}}');
INSERT INTO "summaries" VALUES('01a2182d-fd4a-70b7-8040-f3ee4013f867',5,'{"types":{"loyalty_enrolled":[1,897984000000000,[897984000000000]],"loyalty_points_changed":[2,897984060000000,[897984060000000,898070400000000]],"loyalty_tier_changed":[1,897984120000000,[897984120000000]]},"traits":{"loyalty_enrolled":[897984000000000,"kai-1",true],"loyalty_tier":[897984120000000,"kai-3","silver"]},"points":450}');
INSERT INTO "summaries" VALUES('01a2182d-fdaa-73ab-8085-254d15545f5e',5,'{"types":{"signed_in":[2,898192800000000,[898192800000000,898365600000000]],"order_completed":[1,898193400000000,[898193400000000]],"signed_out":[1,898194000000000,[898194000000000]]},"orders":{"ana-order-1":[898193400000000,"ana-2",12000,"USD",1,{"outdoor":1}]}}');
INSERT INTO "summaries" VALUES('01a2182d-fdd0-7796-be20-9e64b48d184a',4,'{"types":{"signed_in":[1,898200000000000,[898200000000000]],"signed_out":[1,898201200000000,[898201200000000]],"traits_changed":[1,898452000000000,[898452000000000]]},"traits":{"first_name":[898452000000000,"ben-4","Ben"]}}');
INSERT INTO "summaries" VALUES('01a2182d-fdd0-7796-be20-9e65898e80af',2,'{"types":{"cart_updated":[1,898200300000000,[898200300000000]]},"cart":[898200300000000,"ben-2",2100,"USD",3]}');
INSERT INTO "summaries" VALUES('01a2182d-fde7-77af-8180-79e566e10ac1',2,'{"types":{"product_viewed":[1,898203600000000,[898203600000000]]}}');
INSERT INTO "summaries" VALUES('01a2182d-fdfe-759f-b25c-7566d5f26385',2,'{"types":{"signed_in":[1,898279200000000,[898279200000000]]}}');
INSERT INTO "summaries" VALUES('01a2182d-fe17-75b4-838b-f98f22f044a4',2,'{"types":{"cart_updated":[1,898365900000000,[898365900000000]]},"cart":[898365900000000,"ana-5",null,null,0]}');
INSERT INTO "summaries" VALUES('01a2182d-fe44-72cd-a9a0-44acead12706',3,'{"types":{"product_viewed":[1,898336800000000,[898336800000000]],"order_completed":[1,898337400000000,[898337400000000]]},"orders":{"nora-order-1":[898337400000000,"nora-2",2500,"EUR",3,{"home":3}]}}');
INSERT INTO "summaries" VALUES('01a2182d-fe5c-74a3-a852-5a403a964b16',7,'{"types":{"signed_in":[1,898419600000000,[898419600000000]],"order_refunded":[1,898506000000000,[898506000000000]],"traits_changed":[2,898509600000000,[898509600000000,898596000000000]],"consent_changed":[2,898596060000000,[898596060000000,898682460000000]]},"traits":{"first_name":[898509600000000,"nora-5","Nóra"],"city":[898596000000000,"nora-6",null],"sizes":[898509600000000,"nora-5",{"shoe":39}],"newsletter":[898596000000000,"nora-6",true]},"consent":{"email":[898682460000000,"nora-8",false],"sms":[898596060000000,"nora-7",false]},"refunds":{"nora-order-1":{"nora-4":[898506000000000,300,"EUR"]}}}');
INSERT INTO "summaries" VALUES('01a2182d-fef0-7124-b7eb-5be658b40a0e',5,'{"types":{"cart_updated":[1,898459200000000,[898459200000000]],"checkout_started":[1,898459500000000,[898459500000000]],"order_completed":[1,898459800000000,[898459800000000]]},"orders":{"pia-order-1":[898459800000000,"pia-3",4200,"GBP",1,{"books":1}]},"cart":[898459200000000,"pia-1",4200,"GBP",1]}');
INSERT INTO "summaries" VALUES('01a2182d-ff0b-73e9-8f15-905cbf5b9da4',3,'{"types":{"signed_in":[1,898545600000000,[898545600000000]],"order_cancelled":[1,898545900000000,[898545900000000]]},"cancelled":{"pia-order-1":898545900000000}}');
INSERT INTO "summaries" VALUES('01a2182d-ff28-75f9-b93a-0e59e780fb6c',6,'{"types":{"store_visited":[1,898704000000000,[898704000000000]],"order_completed":[2,883990800000000,[883990800000000,898775700000000]],"order_refunded":[1,898775880000000,[898775880000000]],"newsletter_opened":[1,898775940000000,[898775940000000]]},"orders":{"rex-order-1":[898775700000000,"rex-2",9900,"USD",0,{}],"rex-order-2":[883990800000000,"rex-3",700,"USD",3,{"clothing":3}]},"refunds":{"rex-order-2":{"rex-4":[898775880000000,null,null]}}}');
INSERT INTO "summaries" VALUES('01a2182e-014c-7611-b0cb-d79cac7968ff',4,'{"types":{"product_viewed":[1,899249460000000,[899249460000000]],"cart_updated":[1,899249640000000,[899249640000000]],"checkout_started":[1,899249760000000,[899249760000000]]},"cart":[899249640000000,"guest-2",3900,"USD",1]}');
INSERT INTO "summaries" VALUES('01a2182e-014c-7611-b0cb-d79eb5fb1a20',4,'{"types":{"order_completed":[1,895397400000000,[895397400000000]],"signed_in":[1,899250240000000,[899250240000000]],"checkout_started":[1,899250300000000,[899250300000000]]},"orders":{"omar-order-1":[895397400000000,"omar-1",5900,"USD",1,{"home":1}]}}');
INSERT INTO "summaries" VALUES('01a2182e-014c-7611-b0cb-d7a0240577c8',4,'{"types":{"product_viewed":[1,899250000000000,[899250000000000]],"cart_updated":[1,899250120000000,[899250120000000]]},"cart":[899250120000000,"omar-3",4800,"USD",2]}');
INSERT INTO "summaries" VALUES('01a2182e-014c-7611-b0cb-d7a175dd1b2a',22,'{"types":{"loyalty_enrolled":[1,878464800000000,[878464800000000]],"traits_changed":[1,878464860000000,[878464860000000]],"consent_changed":[1,878464920000000,[878464920000000]],"order_completed":[8,894471600000000,[894471600000000,895162800000000,895940400000000,896545200000000,897150000000000,897754800000000,898359600000000,898964400000000]],"loyalty_points_changed":[8,894471660000000,[894471660000000,895162860000000,895940460000000,896545260000000,897150060000000,897754860000000,898359660000000,898964460000000]],"loyalty_tier_changed":[1,897150300000000,[897150300000000]],"cart_updated":[1,899250600000000,[899250600000000]]},"traits":{"loyalty_enrolled":[878464800000000,"grace-1",true],"loyalty_tier":[897150300000000,"grace-14","gold"],"first_name":[878464860000000,"grace-2","Grace"],"language":[878464860000000,"grace-2","en"]},"consent":{"email":[878464920000000,"grace-3",true]},"orders":{"grace-order-1":[894471600000000,"grace-4",18900,"USD",1,{"clothing":1}],"grace-order-2":[895162800000000,"grace-6",14900,"USD",1,{"outdoor":1}],"grace-order-3":[895940400000000,"grace-8",22900,"USD",1,{"outdoor":1}],"grace-order-4":[896545200000000,"grace-10",8900,"USD",1,{"outdoor":1}],"grace-order-5":[897150000000000,"grace-12",23800,"USD",2,{"outdoor":2}],"grace-order-6":[897754800000000,"grace-15",7800,"USD",2,{"outdoor":2}],"grace-order-7":[898359600000000,"grace-17",4470,"USD",3,{"books":3}],"grace-order-8":[898964400000000,"grace-19",15900,"USD",1,{"clothing":1}]},"cart":[899250600000000,"grace-21",7900,"USD",1],"points":1175}');
INSERT INTO "summaries" VALUES('01a2182e-014c-7611-b0cb-d7a4969412d9',4,'{"types":{"product_viewed":[1,899250720000000,[899250720000000]],"cart_updated":[1,899250840000000,[899250840000000]],"checkout_started":[1,899250900000000,[899250900000000]]},"cart":[899250840000000,"watch-2",24900,"USD",1]}');
INSERT INTO "summaries" VALUES('01a2182e-014c-7611-b0cb-d7a5b08a8a5b',3,'{"types":{"cart_updated":[1,899151300000000,[899151300000000]],"checkout_started":[1,899151480000000,[899151480000000]]},"cart":[899151300000000,"lena-1",11800,"USD",2]}');
CREATE INDEX streams_by_change ON streams (changed_at, stream_id);
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
COMMIT;
