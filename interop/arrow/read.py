"""Polars and DataFusion read what the examples of kusto-arrow wrote: read.py ARROW PARQUET."""

import datetime
import sys
from decimal import Decimal

import datafusion
import polars
import pyarrow
import pyarrow.ipc

UTC = datetime.timezone.utc
# Columns by name: values of the three rows. Dates lose their seventh digit, spans are ticks of 100 ns.
EXPECTED = {
    "flag": [True, False, None],
    "at": [
        datetime.datetime(2020, 3, 4, 14, 5, 1, 310996, UTC),
        datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
        None,
    ],
    "bag": ['{"a":[1,2]}', "plain", None],
    "id": [bytes.fromhex("74be27de1e4e49d9b579fe0b331d3642"), bytes(16), None],
    "small": [7, -(2**31), None],
    "big": [42, -(2**63), None],
    "measure": [0.1, -sys.float_info.max, None],
    "text": ['é"\\🚀', "", ""],
    "span": [937_845_000_000, -1, None],
}
DECIMALS = ["1.50", "-12345678901234567890.123456789", None]
POLARS_TYPES = {
    "flag": polars.Boolean,
    "at": polars.Datetime("us", "UTC"),
    "bag": polars.String,
    "id": polars.Binary,
    "small": polars.Int32,
    "big": polars.Int64,
    "measure": polars.Float64,
    "text": polars.String,
    "span": polars.Int64,
}
ARROW_TYPES = {
    "flag": {"bool"},
    "at": {"timestamp[us, tz=UTC]"},
    "bag": {"string", "string_view"},
    "id": {"fixed_size_binary[16]", "extension<arrow.uuid>"},
    "small": {"int32"},
    "big": {"int64"},
    "measure": {"double"},
    "text": {"string", "string_view"},
    "span": {"int64"},
}


def plain(value):
    """Identifiers come as bytes or as uuid.UUID."""
    return getattr(value, "bytes", value)


def check(reader, columns, decimals_are_numbers):
    for name, expected in EXPECTED.items():
        found = [plain(value) for value in columns[name]]
        assert found == expected, f"{reader}: {name}: {found}, not {expected}"
    expected = [text and Decimal(text) if decimals_are_numbers else text for text in DECIMALS]
    assert columns["price"] == expected, f"{reader}: price: {columns['price']}, not {expected}"
    print(f"{reader}: {len(columns)} columns, {len(columns['flag'])} rows equal")


def check_polars(reader, frame, decimals_are_numbers):
    for name, expected in POLARS_TYPES.items():
        assert frame.schema[name] == expected, f"{reader}: {name} is {frame.schema[name]}"
    price = polars.Decimal(38, 9) if decimals_are_numbers else polars.String
    assert frame.schema["price"] == price, f"{reader}: price is {frame.schema['price']}"
    check(reader, frame.to_dict(as_series=False), decimals_are_numbers)


def check_datafusion(reader, table, decimals_are_numbers):
    for name, expected in ARROW_TYPES.items():
        found = str(table.schema.field(name).type)
        assert found in expected, f"{reader}: {name} is {found}"
    check(reader, table.to_pydict(), decimals_are_numbers)


def main(arrow, parquet):
    check_polars("Polars, IPC", polars.read_ipc(arrow), False)
    check_polars("Polars, Parquet", polars.read_parquet(parquet), True)

    context = datafusion.SessionContext()
    with pyarrow.ipc.open_file(arrow) as file:
        context.register_record_batches("ipc", [file.read_all().to_batches()])
    context.register_parquet("parquet", parquet)
    table = context.sql("SELECT * FROM ipc").to_arrow_table()
    # From Parquet it takes no metadata of fields, unless told to.
    assert table.schema.field("at").metadata[b"kusto.type"] == b"datetime", "DataFusion, IPC: metadata is lost"
    check_datafusion("DataFusion, IPC", table, False)
    check_datafusion("DataFusion, Parquet", context.sql("SELECT * FROM parquet").to_arrow_table(), True)


main(*sys.argv[1:])
