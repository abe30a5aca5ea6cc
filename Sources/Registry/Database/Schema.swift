import GRDB

/// The tables of the registry.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("v1") { db in
      for statement in tables { try db.execute(sql: statement) }
      // Tells this database from one that took its place, by a number that JSON holds.
      let identity = Int.random(in: VersionNumber.range)
      try db.execute(sql: "INSERT INTO registry (id, identity, revision) VALUES (1, ?, 0)", arguments: [identity])
    }
    return migrator
  }

  private static let tables = [
    """
    CREATE TABLE registry (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      identity INTEGER NOT NULL,
      revision INTEGER NOT NULL)
    """,
    """
    CREATE TABLE models (
      name TEXT PRIMARY KEY NOT NULL,
      managed INTEGER NOT NULL DEFAULT 0,
      highest INTEGER NOT NULL DEFAULT 0,
      current INTEGER)
    """,
    """
    CREATE TABLE versions (
      model TEXT NOT NULL REFERENCES models (name),
      number INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('published', 'active', 'retired', 'removed')),
      digest TEXT,
      bytes INTEGER NOT NULL,
      published_by TEXT NOT NULL,
      published_at INTEGER NOT NULL,
      note TEXT NOT NULL,
      requests INTEGER NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0,
      last_used INTEGER,
      PRIMARY KEY (model, number))
    """,
    """
    CREATE TABLE files (
      model TEXT NOT NULL,
      version INTEGER NOT NULL,
      name TEXT NOT NULL,
      bytes INTEGER NOT NULL,
      sha256 TEXT NOT NULL,
      PRIMARY KEY (model, version, name),
      FOREIGN KEY (model, version) REFERENCES versions (model, number))
    """,
    """
    CREATE TABLE labels (
      model TEXT NOT NULL,
      label TEXT NOT NULL,
      version INTEGER NOT NULL,
      PRIMARY KEY (model, label),
      FOREIGN KEY (model, version) REFERENCES versions (model, number))
    """,
    // The versions that were current, the last one last; a rollback takes off the end.
    """
    CREATE TABLE activations (
      id INTEGER PRIMARY KEY,
      model TEXT NOT NULL,
      version INTEGER NOT NULL,
      FOREIGN KEY (model, version) REFERENCES versions (model, number))
    """,
    "CREATE INDEX activations_by_model ON activations (model, id)",
    """
    CREATE TABLE events (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      time INTEGER NOT NULL,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      model TEXT NOT NULL,
      version INTEGER,
      detail TEXT NOT NULL)
    """,
    "CREATE INDEX events_by_model ON events (model, id)",
  ]
}
