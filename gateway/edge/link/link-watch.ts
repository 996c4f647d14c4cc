/** What links tell to whoever follows controllers' logs over them. */
import type { Position, Push } from "../../../src/link/index.ts";

/** A link as it is seen from there. */
export interface FollowableLink {
  /** Whether requests go over it. */
  readonly isOpen: boolean;
  /** Another one each time the controller's memory begins anew under it. */
  readonly generation: number;
  /** Null where the controller pushes nothing: it is of an earlier build. */
  readonly fetchBytesMax: number | null;
  /**
   * Says where this gateway's copy of the log ends, or where brokers are, in the name of a stream's client; within
   * `waitMs`, with what else leaves until then.
   */
  position(stream: number, position: Position, waitMs?: number): void;
}

/** Where the frames of a client go. */
export interface LinkPlace {
  readonly link: FollowableLink;
  readonly stream: number;
}

export interface LinkWatch {
  /** The controller has said something, whatever it was. */
  heard(nodeId: number): void;
  /** Throws `LinkError` for what it cannot be right to push. */
  pushed(nodeId: number, link: FollowableLink, push: Push): void;
  /** The link has ended, takes no further request, or its controller's memory began anew. */
  lost(nodeId: number, link: FollowableLink): void;
}
