"""Reads the topic of one country with a plain Kafka client and the code that protoc makes of the .proto files, nothing else.

BOOTSTRAP, TOPIC and GROUP say where; KAFKA_USER and KAFKA_PASSWORD sign in, over TLS. Each event is printed as a line of JSON.
"""

import asyncio
import json
import os
import ssl

from aiokafka import AIOKafkaConsumer, ConsumerRecord

# python -m grpc_tools.protoc -I . --python_out=generated protos/common/v1/common.proto protos/alerts/v1/{alerts,countries}.proto
from protos.alerts.v1.alerts_pb2 import InboxEntryKind
from protos.alerts.v1.countries_pb2 import CountryTold


def said(record: "ConsumerRecord[bytes, bytes]") -> dict[str, object] | None:
    """What an event says; None for one of a type that this program does not know: there will be others."""
    headers = {name: value.decode() for name, value in record.headers}  # CloudEvents, in binary mode
    if headers["ce_type"] != CountryTold.DESCRIPTOR.full_name:
        return None
    told = CountryTold.FromString(record.value or b"")
    kind = InboxEntryKind.DESCRIPTOR.values_by_number.get(told.kind)  # none for a kind that is newer than this program
    return {
        "id": headers["ce_id"],
        "time": headers["ce_time"],
        "alert": told.alert_id,
        "kind": kind.name.removeprefix("INBOX_ENTRY_KIND_") if kind else str(told.kind),
        "type": told.type_id,
        "from": told.sender_country_code,
        "for": list(told.authority_ids),
    }


async def main() -> None:
    user = os.environ.get("KAFKA_USER")
    consumer = AIOKafkaConsumer(
        os.environ["TOPIC"],
        bootstrap_servers=os.environ["BOOTSTRAP"],
        group_id=os.environ["GROUP"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        security_protocol="SASL_SSL" if user else "PLAINTEXT",
        ssl_context=ssl.create_default_context() if user else None,
        sasl_mechanism="SCRAM-SHA-512" if user else "PLAIN",
        sasl_plain_username=user,
        sasl_plain_password=os.environ.get("KAFKA_PASSWORD"),
    )
    await consumer.start()
    try:
        async for record in consumer:
            event = said(record)
            if event is not None:
                # Deal with it here. It may come again, with the same id: whatever is done must bear that.
                print(json.dumps(event), flush=True)
            await consumer.commit()
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main())
