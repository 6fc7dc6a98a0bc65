import { Candidate } from "./pages/candidate";
import { Coach } from "./pages/coach";
import { Fairness } from "./pages/fairness";
import { Home } from "./pages/home";
import { Operations } from "./pages/operations";
import { Report } from "./pages/report";
import { Review } from "./pages/review";
import { Reviews } from "./pages/reviews";
import { Frame, Saying } from "./parts/frame";
import { Link } from "./parts/link";
import { placeOf, usePath } from "./router";

export function App() {
  const place = placeOf(usePath());
  switch (place.page) {
    case "home":
      return <Home />;
    case "candidate":
      return <Candidate key={place.room} room={place.room} />;
    case "coach":
      return <Coach key={place.room} room={place.room} />;
    case "report":
      return <Report key={place.room} room={place.room} />;
    case "review":
      return <Review key={place.room} room={place.room} />;
    case "reviews":
      return <Reviews />;
    case "operations":
      return <Operations />;
    case "fairness":
      return <Fairness />;
    case "nowhere":
      return <Nowhere />;
  }
}

function Nowhere() {
  return (
    <Frame title="Nothing here">
      <Saying title="There is nothing here" sentence="Check the address, or begin again at the start page.">
        <Link to="/" className="button button--main">
          Go to the start page
        </Link>
      </Saying>
    </Frame>
  );
}
