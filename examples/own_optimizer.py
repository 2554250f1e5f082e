"""An optimizer of one's own: a class with ask and tell, registered by name, run on two processes."""

import numpy as np

import nasbench


@nasbench.register_optimizer("hill_climber")
class HillClimber:
    """Mutate the best architecture so far."""

    def __init__(self, problem, rng):
        self.space, self.rng = problem.space, rng
        self.best, self.error = None, np.inf

    def ask(self):
        if self.best is None:
            return self.space.sample(self.rng.random((1, self.space.d)))
        return self.space.mutate(self.best[None], self.rng.random((1, 2)))

    def tell(self, observations):
        if observations.objectives[0, 0] < self.error:
            self.best, self.error = observations.architectures[0], observations.objectives[0, 0]


if __name__ == "__main__":
    result = nasbench.search("hill_climber", "nk/10x6-k2", budget=50, runs=4, seed=1, jobs=2)
    print(result.best().to_string())
    result.plot().savefig("hill_climber.png")
