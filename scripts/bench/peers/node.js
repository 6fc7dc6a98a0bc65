// Socket.IO on Node with its Redis adapter, as its documentation sets it up: node node.js PORT REDIS_URL
const http = require("http");
const { Server } = require("socket.io");
const { createAdapter } = require("@socket.io/redis-adapter");
const { createClient } = require("redis");

async function main(port, url) {
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  for (const client of [publisher, subscriber]) {
    client.on("error", (error) => console.error(error.message));
    await client.connect();
  }
  const server = http.createServer((request, response) => response.end("well"));
  const io = new Server(server, { transports: ["websocket"], adapter: createAdapter(publisher, subscriber) });
  io.on("connection", (socket) => {
    socket.on("join", (room) => {
      socket.join(room);
      socket.emit("joined", room);
    });
    socket.on("say", (line) => io.to(line.room).emit("said", line));
  });
  server.listen(port, "127.0.0.1");
}

main(Number(process.argv[2]), process.argv[3]);
