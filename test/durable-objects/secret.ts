/** What the Worker of these tests signs its tokens with. Known to the configuration of the tests, too. */
export const SECRET = "of the tests of the objects, and of nobody else";
