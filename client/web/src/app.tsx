export function App() {
  return (
    <main>
      <h1>Greenroom</h1>
    </main>
  );
}
