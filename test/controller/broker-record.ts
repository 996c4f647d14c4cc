import { record } from "../metadata/world.ts";

/** The registration of a broker that takes part. */
export const broker = (brokerId: number, epoch: number) =>
  record("REGISTER_BROKER_RECORD", 1, {
    brokerId,
    brokerEpoch: epoch,
    fenced: false,
    endPoints: [{ name: "PLAINTEXT", host: "localhost", port: 9092, securityProtocol: 0 }],
  });
