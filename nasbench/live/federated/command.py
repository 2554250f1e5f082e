"""`nasbench search --federated` and `nasbench join`."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli.unused_options import refuse_unused
from nasbench.errors import NasbenchError
from nasbench.live.experiment.commands import Certificates, TokenFile
from nasbench.ranges import LARGEST_SEED, POSITIVE

if TYPE_CHECKING:
    from nasbench.live.experiment.config import ExperimentConfig


@dataclass(frozen=True, kw_only=True)
class FederationOptions:
    """What the command line says of a federated search; see `nasbench search --help`."""

    clients: int = 4
    partition: str = "iid"
    rounds: int | None = None
    train_rounds: int | None = None
    client_dropout: float = 0.0
    straggler_fraction: float = 0.0
    runtime: str = "flower"
    compare: int = 0
    listen: str | None = None
    token_file: Path | None = None
    certificates: Path | None = None
    client_timeout: float = 600.0


def refuse_unused_federation(context: typer.Context, federated: bool, federation: FederationOptions) -> None:
    """Raise NasbenchError for an option of `nasbench search` that is given and would not be used; see `refuse_unused`."""
    if not federated:
        reason = "is an option of federated search; add --federated, or leave it out"
        refuse_unused(context, [field.name for field in fields(FederationOptions)], reason)
        return
    refuse_unused(context, ("queries", "seconds"), "is no budget of a federated search, which has rounds; leave it out")
    network = ("token_file", "certificates", "client_timeout")
    if federation.compare:
        reason = "is not used by --compare, whose rounds are a plain loop; leave it out"
        refuse_unused(context, ("listen", "runtime", *network), reason)
    elif federation.listen is None:
        refuse_unused(context, network, "is of clients that come over a network; add --listen, or leave it out")
    else:
        refuse_unused(
            context, ("runtime",), "is how clients are simulated, and --listen waits for real ones; leave it out"
        )


def search_federated(
    plan: ExperimentConfig, federation: FederationOptions, device: str, out: Path | None
) -> tuple[str, Any]:
    """Run what the command line asks for.

    Args:
        plan: of the central search with the same options; its optimizer should be GAEA.
        federation: the rest.
        device: auto, cpu or cuda.
        out: folder for results.

    Returns:
        The plural key and the rows to show: one search, or a comparison over seeds.

    Raises:
        NasbenchError: if the plan is none that can be federated, or an option is out of range.
    """
    if plan.optimizer != "gaea":
        raise NasbenchError(
            f"A federated search averages theta, which {plan.optimizer!r} does not send; use --optimizer gaea."
        )
    if plan.stopping != "none" or plan.selection != "derive":
        raise NasbenchError("A federated search has neither --stopping nor --selection; leave them out.")
    from nasbench.live.federated.compare import compare_seeds, summary
    from nasbench.live.federated.coordinator import ClientFailures
    from nasbench.live.federated.credentials import Credentials
    from nasbench.live.federated.experiment import FederatedExperiment, run_federated, serve_federated
    from nasbench.live.federated.federated_config import FederatedConfig
    from nasbench.live.federated.partition import Partition
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.studies.store import write_whole
    from nasbench.live.training.training import stderr_reporter

    passes = (plan.settings.epochs, plan.recipe.epochs)
    rounds = [p if r is None else r for r, p in zip((federation.rounds, federation.train_rounds), passes, strict=True)]
    config = FederatedConfig(
        task=plan.task,
        space=plan.space,
        options=plan.options,
        # A client has few examples, so its steps are cut as the recipe cuts them.
        settings=replace(plan.settings, epochs=rounds[0], batch=plan.recipe.batch),
        recipe=replace(plan.recipe, epochs=rounds[1]),
        seed=plan.seed,
    )
    federated = FederatedExperiment(
        config=config,
        clients=federation.clients,
        partition=Partition.parse(federation.partition),
        failures=ClientFailures(
            client_dropout=federation.client_dropout, straggler_fraction=federation.straggler_fraction
        ),
        examples=plan.examples,
    )
    where = choose_device(device)
    if federation.compare:
        return "rows", summary(compare_seeds(federated, federation.compare, where, out, passes=passes))
    checkpoint = out / f"federated-{plan.task}-{plan.seed}.pt" if out else None
    if federation.listen is None:
        result = run_federated(federated, where, federation.runtime, checkpoint=checkpoint)
    else:
        address = checked_address(federation.listen)
        if federation.client_timeout not in POSITIVE:
            raise NasbenchError(f"--client-timeout is {federation.client_timeout}; it should be {POSITIVE.words}.")
        credentials = Credentials.read(federation.token_file, federation.certificates)
        if not credentials.token:
            stderr_reporter(
                f"whoever reaches {address} can take part; --token-file lets in those alone who know a token"
            )
        result = serve_federated(
            federated,
            address,
            where,
            client_timeout=federation.client_timeout,
            credentials=credentials,
            checkpoint=checkpoint,
        )
    if out:
        write_whole(out / f"federated-{plan.task}-{plan.seed}.json", result)
    return "searches", [result]


def join(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="HOST:PORT of nasbench search --federated --listen")],
    task: Annotated[str, typer.Option(help="whose data this client holds")] = "digits",
    client: Annotated[int, typer.Option(min=0, help="which client this is, from 0")] = 0,
    clients: Annotated[
        int | None,
        typer.Option(min=1, help="hold one part of so many of the task's examples; without it, all that are here"),
    ] = None,
    partition: Annotated[str, typer.Option(help="how the parts are dealt: iid or dirichlet:ALPHA")] = "iid",
    examples: Annotated[int | None, typer.Option(min=2, help="training examples to use")] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="of the partition; that of the search")] = 0,
    token_file: TokenFile = None,
    certificates: Certificates = None,
    client_timeout: Annotated[float, typer.Option(help="seconds to wait for the server")] = 600.0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
) -> None:
    """Take part in a federated search as one client, with data that stay here, until it ends."""
    from nasbench.live.experiment.commands import need_torch

    need_torch()
    from nasbench.live.federated.client import Client
    from nasbench.live.federated.credentials import Credentials
    from nasbench.live.federated.partition import Partition, check_client, partition_examples
    from nasbench.live.federated.runtime import connect
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.tasks.catalogue import get_task

    checked_address(address)
    if client_timeout not in POSITIVE:
        raise NasbenchError(f"--client-timeout is {client_timeout}; it should be {POSITIVE.words}.")
    credentials = Credentials.read(token_file, certificates)
    if clients is None:
        unused = "deals out the examples to several clients; add --clients, or leave it out"
        refuse_unused(context, ("partition", "seed"), unused)
    chosen = get_task(task)
    splits = chosen.load().reduced(examples, reduced_search(examples))
    if clients is not None:
        if not 0 <= client < clients:
            raise NasbenchError(f"The client is number {client} of {clients}; it should be from 0 to {clients - 1}.")
        splits = partition_examples(chosen, splits, clients, Partition.parse(partition), seed)[client]
    check_client(chosen, splits, client)
    connect(Client(client, chosen, splits, choose_device(device)), address, client_timeout, credentials)


def checked_address(text: str) -> str:
    """Return an address; raises NasbenchError unless it is HOST:PORT."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise NasbenchError(f"The address is {text!r}; it should be HOST:PORT, such as 127.0.0.1:9092.")
    return text


def reduced_search(examples: int | None) -> int | None:
    """Return how many search examples go with so many training examples."""
    return None if examples is None else max(examples // 4, 1)
