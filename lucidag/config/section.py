"""The base of all sections, which stands on the ground floor."""

from lucidag.ground.section import Count as Count
from lucidag.ground.section import Level as Level
from lucidag.ground.section import Name as Name
from lucidag.ground.section import Section as Section
from lucidag.ground.section import Seed as Seed
from lucidag.ground.section import Shards as Shards
from lucidag.ground.section import Share as Share
from lucidag.ground.section import Split as Split
