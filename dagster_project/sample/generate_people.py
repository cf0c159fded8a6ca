"""Generate the people of the sample business: customers and employees. Called by business.py.

Names, e-mail addresses and phone numbers are unique over all people, so that each of them means one person.
"""

import re
import unicodedata
from datetime import date, timedelta

import numpy as np
from faker import Faker

from dagster_project.sample.assortment import DAYS, FIRST_DAY, Country, Row, countries

TIERS = {"bronze": 0.52, "silver": 0.28, "gold": 0.14, "platinum": 0.06}
SOURCES = {"search": 0.36, "social": 0.24, "referral": 0.17, "newsletter": 0.13, "affiliate": 0.10}
TEAMS = {"Support": 16, "Logistics": 10, "Engineering": 8, "Marketing": 6, "Purchasing": 5, "Finance": 4}
BASE_SALARY = {
    "Support": 36_000,
    "Logistics": 34_000,
    "Engineering": 64_000,
    "Marketing": 47_000,
    "Purchasing": 45_000,
    "Finance": 55_000,
}
MAIL_DOMAINS = ("example.com", "example.net", "example.org")


class PersonFactory:
    """Draws people that nobody shares a name, an e-mail address or a phone number with."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 1])
        self._fakers = {country.name: Faker(country.locale) for country in countries()}
        for number, faker in enumerate(self._fakers.values()):
            faker.seed_instance(seed * 100 + number)
        self._names: set[str] = set()
        self._emails: set[str] = set()
        self._phones: set[str] = set()

    def identity(self, country: Country) -> tuple[str, str, str]:
        """Return a new (full name, e-mail address, phone number) of someone who lives in `country`."""
        faker = self._fakers[country.name]
        full_name = f"{faker.first_name()} {faker.last_name()}"
        while full_name in self._names:
            full_name = f"{faker.first_name()} {faker.last_name()}"
        self._names.add(full_name)
        return full_name, self._email(full_name), self._phone(country)

    def street_address(self, country: Country) -> str:
        """Return a street and house number in one line."""
        return self._fakers[country.name].street_address().replace("\n", ", ")

    def _email(self, full_name: str) -> str:
        plain = unicodedata.normalize("NFKD", full_name).encode("ascii", "ignore").decode().lower()
        local = re.sub(r"[^a-z]+", ".", plain).strip(".")
        domain = MAIL_DOMAINS[int(self._rng.integers(len(MAIL_DOMAINS)))]
        email, number = f"{local}@{domain}", 2
        while email in self._emails:
            email, number = f"{local}{number}@{domain}", number + 1
        self._emails.add(email)
        return email

    def _phone(self, country: Country) -> str:
        phone = ""
        while not phone or phone in self._phones:
            phone = f"{country.dial} {self._rng.integers(20, 99)} {self._rng.integers(2_000_000, 9_999_999)}"
        self._phones.add(phone)
        return phone


def customer_rows(factory: PersonFactory, rng: np.random.Generator, count: int) -> list[Row]:
    """Return `count` rows of `customers`, oldest sign-up first.

    Args:
        factory: Source of names, e-mail addresses and phone numbers.
        rng: The business's seeded generator.
        count: Number of customers.

    Returns:
        Tuples in the column order of schema.sql.
    """
    known = countries()
    picks = rng.choice(len(known), size=count, p=[country.weight for country in known])
    tiers = rng.choice(list(TIERS), size=count, p=list(TIERS.values()))
    sources = rng.choice(list(SOURCES), size=count, p=list(SOURCES.values()))
    # A third registered in the shop's first quarter, the others evenly until three weeks before the end.
    opening = rng.random(count) < 0.33
    signup_days = np.sort(np.where(opening, rng.integers(0, 90, count), rng.integers(0, DAYS - 20, count)))
    ages = np.clip(rng.normal(41, 13, count), 18, 85)
    rows: list[Row] = []
    for index in range(count):
        country = known[picks[index]]
        full_name, email, phone = factory.identity(country)
        # Earlier cities of the list are larger: the exponent skews the draw towards them.
        city = country.cities[int(rng.random() ** 1.6 * len(country.cities))]
        birth_date = date(2022, 1, 1) - timedelta(days=int(ages[index] * 365.25))
        signed_up_on = FIRST_DAY + timedelta(days=int(signup_days[index]))
        contact = (full_name, email, phone, factory.street_address(country), birth_date)
        profile = (city, country.name, str(tiers[index]), str(sources[index]), signed_up_on)
        rows.append((index + 1, *contact, *profile))
    return rows


def employee_rows(factory: PersonFactory, rng: np.random.Generator) -> list[Row]:
    """Return rows of `employees`: the head of the company, a head for each team, then the teams."""
    home = countries()[0]

    def employee(number: int, team: str, manager_id: int | None, pay: float) -> Row:
        full_name, email, _ = factory.identity(home)
        hired_on = date(2016, 1, 4) + timedelta(days=int(rng.integers(0, 3200)))
        salary = round(pay * rng.uniform(0.88, 1.25), -2)
        return (number, full_name, email, team, manager_id, hired_on, salary)

    rows = [employee(1, "Management", None, 150_000)]
    rows += [employee(number, team, 1, BASE_SALARY[team] * 1.7) for number, team in enumerate(TEAMS, start=2)]
    for manager_id, (team, size) in enumerate(TEAMS.items(), start=2):
        for _ in range(size):
            rows.append(employee(len(rows) + 1, team, manager_id, BASE_SALARY[team]))
    return rows
