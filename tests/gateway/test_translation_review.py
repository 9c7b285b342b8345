"""What people do about translations: approve them, report them, look at what there is, take it back."""

from collections.abc import Callable

from tests.gateway.clients import Client, Data, eventually, key
from tests.gateway.exchanges import a_request, text

As = Callable[[str], Client]
JUSTIFICATION = "Verifica di un titolo di studio"


async def test_what_the_commission_approves_is_read_wherever_the_text_stands(as_: As) -> None:
    italy, hungary, commission = (as_(one) for one in ("it-handler", "hu-handler", "commission"))
    words, meaning = f"Vedere l'allegato {key()[:6]}", "Lásd a mellékletet"
    made = await commission.ask(
        "mutation ($input: ApproveTranslationInput!) { approveTranslation(input: $input) { memoryId } }",
        input={
            "idempotencyKey": key(),
            "source": {**text(words), "dataClass": "PUBLIC"},
            "target": {**text(meaning, "HU"), "dataClass": "PUBLIC"},
        },
    )
    assert made["approveTranslation"]["memoryId"]
    id_ = await a_request(italy, hungary, "ACCEPTED", justification=text(words))
    found = await hungary.ask(
        """query ($id: ID!) { request(id: $id) { justification { text {
          original translation notice details { status tier engine at pivot lowConfidence } } } } }""",
        id=id_,
    )
    reading = found["request"]["justification"]["text"]
    assert (reading["original"], reading["translation"]) == (words, meaning)
    details = reading["details"]
    assert (details["status"], details["tier"], details["engine"]) == ("TRANSLATED", "HUMAN_REVIEWED", "memory")
    assert (details["pivot"], details["lowConfidence"], bool(details["at"])) == ([], None, True)
    assert reading["notice"]


async def test_others_do_not_approve(as_: As) -> None:
    found = await as_("it-handler").cannot("approveTranslation", source=text("Sì"), target=text("Igen", "HU"))
    assert found.code == "FORBIDDEN"


async def test_a_bad_translation_is_reported_to_those_who_review_and_dealt_with(as_: As) -> None:
    hungary, commission = as_("hu-handler"), as_("commission")
    made = await hungary.ask(
        "mutation ($input: ReportTranslationInput!) { reportTranslation(input: $input) { reportId } }",
        input={
            "idempotencyKey": key(),
            "source": text(JUSTIFICATION),
            "translation": "Rossz fordítás",
            "language": "HU",
            "comment": "Mást jelent.",
            "area": "professional-qualifications",
        },
    )
    id_ = made["reportTranslation"]["reportId"]
    queue = """{ translationReports(first: 50) { edges { node {
      id translation targetLanguage comment area { code } source { original language dataClass } } } } }"""
    found = [edge["node"] for edge in (await commission.ask(queue))["translationReports"]["edges"]]
    assert [one for one in found if one["id"] == id_] == [
        {
            "id": id_,
            "translation": "Rossz fordítás",
            "targetLanguage": "HU",
            "comment": "Mást jelent.",
            "area": {"code": "professional-qualifications"},
            "source": {"original": JUSTIFICATION, "language": "IT", "dataClass": "PERSONAL"},
        }
    ]
    assert (await hungary.refused(queue)).code == "FORBIDDEN"
    assert (await hungary.cannot("resolveTranslationReport", id=id_)).code == "FORBIDDEN"
    await commission.ask(
        "mutation ($input: ResolveTranslationReportInput!) { resolveTranslationReport(input: $input) { reportId } }",
        input={"idempotencyKey": key(), "id": id_},
    )
    left = [edge["node"]["id"] for edge in (await commission.ask(queue))["translationReports"]["edges"]]
    assert id_ not in left


async def test_what_was_approved_is_listed_and_can_be_taken_back(as_: As) -> None:
    commission = as_("commission")
    words = f"Si veda {key()[:6]}"
    made = await commission.ask(
        "mutation ($input: ApproveTranslationInput!) { approveTranslation(input: $input) { memoryId } }",
        input={
            "idempotencyKey": key(),
            "source": {**text(words), "dataClass": "INTERNAL"},
            "target": {**text("Lásd", "HU"), "dataClass": "INTERNAL"},
        },
    )
    id_ = made["approveTranslation"]["memoryId"]
    memory = """{ translationMemory(source: IT, target: HU, first: 100) { edges { node {
      id area { code } source { original } target { original } } } } }"""
    found = [edge["node"] for edge in (await commission.ask(memory))["translationMemory"]["edges"]]
    assert {
        "id": id_,
        "area": None,
        "source": {"original": words},
        "target": {"original": "Lásd"},
    } in found
    await commission.ask(
        "mutation ($input: DeleteTranslationInput!) { deleteTranslation(input: $input) { memoryId } }",
        input={"idempotencyKey": key(), "memoryId": id_},
    )
    left = [edge["node"]["id"] for edge in (await commission.ask(memory))["translationMemory"]["edges"]]
    assert id_ not in left


async def test_terms_of_an_area_are_told_in_two_languages(as_: As) -> None:
    italy = as_("it-handler")

    async def known() -> list[Data] | None:
        """The translation service reads them from the directory when it has started."""
        found = await italy.ask(
            '{ terms(area: "professional-qualifications", source: IT, target: HU) { id source target } }'
        )
        return list(found["terms"]) or None

    terms = await eventually(known)
    assert ("fisioterapista", "gyógytornász") in {(one["source"], one["target"]) for one in terms}
