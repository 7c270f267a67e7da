"""The tables of rooms, which lie in the database of jobs and are made when the first room is opened."""

from __future__ import annotations

import sqlalchemy as sa

TABLES = sa.MetaData()
ROOMS = sa.Table(
    "rooms",
    TABLES,
    sa.Column("code", sa.String(16), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("questions", sa.Text, nullable=False),  # json of `Questions`
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("ends", sa.Double, nullable=False),  # by the database's clock
)
VOTERS = sa.Table(
    "room_voters",
    TABLES,
    sa.Column("room", sa.String(16), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # from 1, in the order in which they came
    sa.Column("token", sa.String(64), unique=True),  # sha256 of what the voter's link has; null: entered by the teacher
    sa.Column("joined", sa.Double, nullable=False),
    sa.Column("last", sa.Double, nullable=False),  # when the last vote came
)
VOTES = sa.Table(
    "room_votes",
    TABLES,
    sa.Column("room", sa.String(16), primary_key=True),
    sa.Column("voter", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("pair", sa.Integer, primary_key=True, autoincrement=False),  # from 0
    sa.Column("chose_left", sa.Boolean, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)
