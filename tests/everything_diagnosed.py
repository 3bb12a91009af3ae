"""The part of the walk through everything that asks how the database is."""

from tests.api import Api

DIAGNOSTICS = """
    {
        diagnostics {
            server {
                version startedAt connectionsUsed connectionsMax connectionsReserved databaseBytes
                cacheHitRatio deadlocks statisticsSince hint
            }
            slowest {
                hint
                statements {
                    statement calls totalMilliseconds meanMilliseconds longestMilliseconds rows
                    blocksHit blocksRead hint
                }
            }
            tables {
                hint
                tables {
                    name liveRows deadRows tableBytes indexBytes vacuumedAt analysedAt
                    sequentialScans indexScans hint
                }
            }
            indexes { hint indexes { name tableName indexBytes scans unused hint } }
            sessions {
                hint
                sessions {
                    pid application state waitsFor transactionSeconds statementSeconds blockedBy
                    statement hint
                }
            }
        }
    }
"""


async def walk_diagnosed(api: Api) -> None:
    """Every section."""
    await api(DIAGNOSTICS)
