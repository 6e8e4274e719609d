"""Names on the broker that more than one package needs."""

RPC_EXCHANGE = "nameko-rpc"  # of calls and their responses; nameko's own
