/** The only door of the link's words: what a gateway and a controller say to each other over one WebSocket. */
export { FROM_CONTROLLER, FROM_GATEWAY, TAKEN_BYTES, type MessageBounds } from "./bounds.ts";
export type { FromController, FromGateway } from "./envelope.ts";
export {
  controllerGreetingIn,
  gatewayGreetingIn,
  type ControllerGreeting,
  type GatewayGreeting,
} from "./greeting.ts";
export { LinkError } from "./link-error.ts";
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
