/** The only door of the link's words: what a gateway and a controller say to each other over one WebSocket. */
export {
  FROM_CONTROLLER,
  FROM_GATEWAY,
  PUSH_BYTES,
  TAKEN_BYTES,
  type MessageBounds,
} from "./bounds.ts";
export type { FromController, FromGateway } from "./envelope.ts";
export {
  controllerGreetingIn,
  gatewayGreetingIn,
  type ControllerGreeting,
  type GatewayGreeting,
} from "./greeting.ts";
export { LinkError } from "./link-error.ts";
export {
  POSITION_BROKERS_MAX,
  type BrokerPosition,
  type CopyEnd,
  type Position,
} from "./position.ts";
export type { Push, PushedLeader, PushedRecords } from "./push.ts";
export {
  envelopeBytes,
  readFromController,
  readFromGateway,
  SUBPROTOCOL,
  writeMessages,
} from "./message.ts";
export {
  ASK_BYTES_MAX,
  HOST_BYTES_MAX,
  observerGreetingIn,
  readFromObserver,
  readFromRelay,
  RELAYED_BYTES_MAX,
  relayMessage,
  RELAY_SUBPROTOCOL,
  type Address,
  type FromObserver,
  type FromRelay,
  type ObserverGreeting,
} from "./relay.ts";
