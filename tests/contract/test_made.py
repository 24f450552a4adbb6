"""What docs/ say of the declared messages is what the code declares; and others can read it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from contract import codec
from contract.parse import payload_of
from tests.contract.samples import SAMPLES, SITE

HERE = Path(__file__).parents[2] / "docs" / "contract"


def test_tables_schemas_and_document_are_those_of_the_code() -> None:
    done = subprocess.run((sys.executable, HERE / "make.py", "--check"), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "all as declared\n"), f"make contract{done.stderr}"


@pytest.mark.filterwarnings("ignore:Field name:UserWarning")
def test_the_asyncapi_document_validates() -> None:
    from asyncapi3 import AsyncAPI3

    AsyncAPI3.model_validate_json((HERE / "asyncapi.json").read_bytes())


@pytest.mark.parametrize("name", sorted(path.stem for path in (HERE / "schemas").glob("*.json")))
def test_each_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads((HERE / "schemas" / f"{name}.json").read_text()))


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_schema_takes_what_the_code_writes_and_refuses_what_it_refuses(kind: str) -> None:
    schema = json.loads((HERE / "schemas" / f"{kind}.json").read_text())
    payload = json.loads(json.dumps(payload_of(SAMPLES[kind], SITE)))
    jsonschema.validate(payload, schema)
    for key in codec.keys(type(SAMPLES[kind])):
        if key.required and key.name:
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({k: v for k, v in payload.items() if k != key.name}, schema)
