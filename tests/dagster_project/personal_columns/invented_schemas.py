"""Two invented schemas that the suggestions were made with: staff records, and a shop full of traps."""

import random

from tests.dagster_project.personal_columns.columns import (
    DAY,
    EMAIL,
    IBAN,
    NAME,
    PHONE,
    STREET,
    UUID,
    Maker,
    Schemas,
    made,
    number,
    pick,
    sentence_about,
    text,
)

CARD = made("credit_card_number", "en_US", card_type="visa16")


def _plain_sentence(rng: random.Random) -> str:
    material = rng.choice(["steel", "oak", "cotton", "wool", "glass"])
    return f"Made of {material}, easy to clean, with a warranty of {rng.randint(1, 9)} years."


def _sometimes(make: Maker) -> Maker:
    return lambda rng: make(rng) if rng.random() < 0.2 else f"ok {rng.randint(1, 99)}"


SCHEMAS: Schemas = {
    "hr": {
        "employees": [
            ("employee_id", "integer", None, number(1, 999_999)),
            ("first_name", "text", "name", made("first_name")),
            ("Nachname", "text", "name", made("last_name")),
            ("display_name", "character varying", "name", NAME),
            ("workEmail", "text", "email", EMAIL),
            ("phone_mobile", "text", "phone", PHONE),
            ("date_of_birth", "date", "birth_date", DAY),
            ("hired_on", "date", None, DAY),
            ("home_address", "text", "address", STREET),
            ("city", "text", None, made("city")),
            ("postcode", "text", None, made("postcode")),
            ("ssn", "text", "national_id", made("ssn", "en_US")),
            ("pesel", "character", "national_id", made("pesel", "pl_PL")),
            ("steuer_id", "bigint", "national_id", number(10_000_000_000, 99_999_999_999)),
            ("bank_account", "text", "iban", IBAN),
            ("job_title", "text", None, made("job", "en_US")),
            ("salary", "numeric", None, number(30_000, 120_000)),
            ("manager", "text", "name", NAME),
            ("manager_id", "integer", None, number(1, 999)),
            ("team_name", "text", None, pick("Platform", "Field Sales", "Customer Care", "Data Science")),
            ("cost_centre", "text", None, text("CC-####")),
            ("birth_country", "text", None, pick("Poland", "France", "Spain")),
            ("contract_type", "text", None, pick("permanent", "temporary")),
            ("is_manager", "boolean", None, None),
            ("badge_number", "text", None, text("B#####")),
        ],
        "applications": [
            ("application_id", "uuid", None, UUID),
            ("candidate_name", "text", "name", NAME),
            ("contact", "text", "email", EMAIL),
            ("cover_letter", "text", "free_text", sentence_about()),
            ("bemerkung", "text", "free_text", sentence_about()),
            ("stage", "text", None, pick("applied", "interview", "offer", "rejected")),
            ("source_url", "text", None, text("https://jobs.example.com/####")),
            ("referred_by", "text", "name", NAME),
            ("score", "numeric", None, number(1, 100)),
            ("profile", "jsonb", "free_text", sentence_about('{{"mail": "{email}"}}')),
            ("skills", "text[]", None, pick("sql", "python", "welding", "sales")),
        ],
        "absences": [
            ("absence_id", "bigint", None, number(1, 10**12)),
            ("reason", "text", None, pick("holiday", "illness", "parental leave")),
            ("approved_by", "text", "name", NAME),
            ("comment", "text", "free_text", sentence_about()),
            ("days", "integer", None, number(1, 30)),
        ],
    },
    "store": {
        "products": [
            ("product_id", "integer", None, number(1, 99_999)),
            ("name", "text", None, pick("Yoga Mat", "Trail Tent", "Chef Knife", "Desk Lamp", "Wool Blanket")),
            ("product_name", "text", None, pick("Yoga Mat", "Trail Tent", "Chef Knife", "Desk Lamp", "Wool Blanket")),
            ("description", "text", None, _plain_sentence),
            ("ip_rating", "text", None, pick("IP54", "IP65", "IP67", "IP68")),
            ("phone_model", "text", None, pick("Galaxy S22", "iPhone 14", "Pixel 7")),
            ("firmware_version", "text", None, text("#.#.#.#")),
            ("ean", "bigint", None, made("ean13", "en_US")),
            ("sku", "text", None, text("###-##-###")),
            ("colour", "text", None, pick("Red", "Olive Green", "Sky Blue")),
            ("brand", "text", None, pick("Karl Meyer GmbH", "Acme Corp", "North Ridge", "Paul Green")),
            ("image_url", "text", None, text("https://cdn.example.com/####.jpg")),
            ("address_space", "integer", None, number(1, 64)),
        ],
        "accounts": [
            ("account_id", "bigint", None, number(10**9, 10**10)),
            ("company_name", "text", None, made("company")),
            ("email", "text", "email", EMAIL),
            ("email_opt_in", "boolean", None, None),
            ("email_verified_at", "timestamp with time zone", None, text("202#-01-1# 10:00:00+00")),
            ("e_mail_2", "text", "email", EMAIL),
            ("telefon", "text", "phone", PHONE),
            ("fax", "bigint", "phone", number(4_930_100_000, 4_930_999_999)),
            ("address_id", "integer", None, number(1, 9999)),
            ("address_type", "text", None, pick("billing", "shipping")),
            ("address_line2", "text", "address", text("Apt. ##")),
            ("password_hash", "text", "token", text("$2b$12$" + "@" * 53)),
            ("password_changed_on", "date", None, DAY),
            ("api_key", "text", "token", made("sha1")),
            ("last_login_ip", "inet", "ip", made("ipv4")),
            ("client_ip", "text", "ip", made("ipv4_public")),
            ("nickname", "text", "name", made("first_name")),
            ("country", "text", None, pick("Germany", "France", "Spain")),
            ("language_code", "text", None, pick("de", "fr", "es")),
            ("loyalty_card", "text", None, pick("bronze", "silver", "gold")),
            ("referral_code", "text", None, text("@#@@#@@#")),
            ("token_count", "integer", None, number(1, 9999)),
            ("vat_rate", "numeric", None, pick("0.19", "0.21")),
        ],
        "payments": [
            ("payment_id", "uuid", None, UUID),
            ("card_type", "text", None, pick("visa", "mastercard")),
            ("card_number", "text", "card", CARD),
            ("cc", "bigint", "card", CARD),
            ("card_last4", "text", None, text("####")),
            ("payer_account", "text", "iban", IBAN),
            ("cardholder", "text", "name", NAME),
            ("amount", "numeric", None, number(1, 999)),
            ("reference", "text", None, text("INV-#####")),
            ("transaction_id", "text", None, text("8###############")),
            ("paid_at", "timestamp without time zone", None, text("202#-01-1# 10:00:00")),
        ],
        "reviews": [
            ("review", "text", "free_text", sentence_about()),
            ("review_score", "integer", None, number(1, 5)),
            ("message_count", "integer", None, number(1, 50)),
            ("note", "text", "free_text", _sometimes(sentence_about("Call back on {email} please"))),
            ("author", "text", "name", NAME),
            ("title", "text", None, pick("Great", "Not for me", "Works as expected", "Five stars")),
            ("status", "text", None, pick("new", "published", "hidden")),
            ("body_type", "text", None, pick("html", "plain")),
        ],
        "stores": [
            ("name", "text", None, pick("Berlin Mitte", "Paris Nord", "Madrid Centro", "San Diego Harbor")),
            ("street", "text", "address", STREET),
            ("region_manager", "text", "name", NAME),
            ("opened_on", "date", None, DAY),
            ("location", "point", None, None),
        ],
    },
}  # fmt: skip
