"""RabbitMQ: exchanges and queues, the publisher, and the embedded broker."""
