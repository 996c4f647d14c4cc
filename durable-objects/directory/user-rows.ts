/**
 * The SCRAM users that clusters begin with. They are fixed when a cluster is listed, and stay as long as it does: a
 * formation that broke off is finished with them, and a repeated request is compared with them. A cluster that has no
 * row begins without any.
 */
import type { BootstrapUser } from "../bootstrap-users.ts";

const TABLE = `CREATE TABLE IF NOT EXISTS bootstrap_users (
  cluster_id TEXT PRIMARY KEY, users TEXT NOT NULL
) STRICT, WITHOUT ROWID`;

export class UserRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(TABLE);
  }

  of(clusterId: string): readonly BootstrapUser[] {
    const [row] = this.#sql
      .exec<{ users: string }>("SELECT users FROM bootstrap_users WHERE cluster_id = ?", clusterId)
      .toArray();
    if (row === undefined) return [];
    const users: readonly BootstrapUser[] = JSON.parse(row.users);
    return users;
  }

  insert(clusterId: string, users: readonly BootstrapUser[]): void {
    if (users.length === 0) return;
    this.#sql.exec(
      "INSERT INTO bootstrap_users (cluster_id, users) VALUES (?, ?)",
      clusterId,
      JSON.stringify(users),
    );
  }

  remove(clusterId: string): void {
    this.#sql.exec("DELETE FROM bootstrap_users WHERE cluster_id = ?", clusterId);
  }
}
