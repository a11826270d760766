// Prints the language and title of each published article, and validates each record against its JSON Schema.
//
//   node consumer.mjs [--count N] [--topic articles.published] [--group my-node-app]
//
// KHABAR_KAFKA names the brokers, HOST:PORT separated by commas. With --count it ends after so many records. It exits
// with 1 if any of them did not fit the schema.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { Kafka, logLevel } from "kafkajs";

const { values } = parseArgs({
  options: { count: { type: "string" }, topic: { type: "string" }, group: { type: "string" } },
});
const { topic = "articles.published", group = "my-node-app" } = values;
const count = Number(values.count ?? Infinity);
const brokers = (process.env.KHABAR_KAFKA ?? "localhost:9092").split(",");

// In a project of your own: a copy of schemas/published_article.schema.json beside your code.
const schema = JSON.parse(await readFile(new URL("../../schemas/published_article.schema.json", import.meta.url)));
const ajv = new Ajv({ allErrors: true });
addFormats(ajv);
const isPublishedArticle = ajv.compile(schema);

const kafka = new Kafka({ clientId: "my-node-app", brokers, logLevel: logLevel.WARN });
const consumer = kafka.consumer({
  groupId: group,
  readUncommitted: false, // kafkajs's default, and what makes each article come once
  maxBytesPerPartition: 17 * 1024 * 1024, // the largest record is 16 MiB
});

let received = 0;
let wrong = 0;
let finish;
const finished = new Promise((resolve) => (finish = resolve));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, finish);

try {
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
} catch (error) {
  console.error(`Cannot read ${topic} from Kafka at ${brokers}: ${error.message}. KHABAR_KAFKA says where Kafka is`);
  process.exit(1);
}
await consumer.run({
  eachMessage: async ({ partition, message }) => {
    received += 1;
    const where = `${topic}:${partition}:${message.offset}`;
    const problem = check(message.value);
    if (problem) {
      wrong += 1;
      console.error(`${where} does not fit the schema: ${problem}`);
    }
    if (received < count) return;
    consumer.pause([{ topic }]); // what was fetched and not handed over stays for the next start
    finish();
  },
});
await finished;
await consumer.disconnect();
console.log(`${received} records, ${wrong} schema errors`);
process.exitCode = wrong === 0 ? 0 : 1;

// What is wrong with the record, or undefined; prints it if nothing is.
function check(value) {
  let article;
  try {
    article = JSON.parse(value);
  } catch (error) {
    return error.message;
  }
  if (!isPublishedArticle(article)) return ajv.errorsText(isPublishedArticle.errors, { dataVar: "record" });
  console.log(article.lang, article.title ?? "(no title)");
}
