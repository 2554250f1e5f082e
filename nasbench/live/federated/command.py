"""`nasbench federated search` and `nasbench federated join`; torch is imported when a command runs."""

from __future__ import annotations

from typing import Annotated

import typer

from nasbench.cli.live_options import Certificates, Device, Json, Out, TokenFile, show
from nasbench.cli.option_groups import expand_groups
from nasbench.cli.unused_options import refuse_unused
from nasbench.errors import NasbenchError
from nasbench.extras import require_extra
from nasbench.live.experiment.options import SearchOptions
from nasbench.ranges import LARGEST_SEED, POSITIVE

federated = typer.Typer(
    help="Federated architecture search: clients keep their data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@federated.command()
@expand_groups
def search(
    context: typer.Context,
    options: SearchOptions,
    optimizer: Annotated[str, typer.Option(help="gaea, the one searcher that federates")] = "gaea",
    rounds: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="communication rounds of the search (default: until a client has taken as many steps as a central search)",
        ),
    ] = None,
    train_rounds: Annotated[
        int | None,
        typer.Option(
            min=1, help="communication rounds of the final training (default: likewise, of a central training)"
        ),
    ] = None,
    warmup_rounds: Annotated[
        int | None,
        typer.Option(min=0, help="first rounds, in which only weights are trained (default: half of the search)"),
    ] = None,
    finalists: Annotated[
        int,
        typer.Option(min=1, help="architectures that are trained and compared; 1 takes the mode of theta unseen"),
    ] = 2,
    training_weights: Annotated[
        str, typer.Option(help="weights of clients in averages of the final training: examples, or equal")
    ] = "examples",
    clients: Annotated[int, typer.Option(help="number of clients")] = 4,
    partition: Annotated[
        str, typer.Option(help="how examples are partitioned among clients: iid or dirichlet:ALPHA")
    ] = "iid",
    client_dropout: Annotated[float, typer.Option(help="fraction of clients that are unavailable in a round")] = 0.0,
    straggler_fraction: Annotated[
        float, typer.Option(help="fraction of clients that process only part of their local data in a round")
    ] = 0.0,
    runtime: Annotated[
        str, typer.Option(help="flower (its simulation) or loop (one process); both give the same bits")
    ] = "flower",
    listen: Annotated[
        str | None, typer.Option(help="HOST:PORT to serve clients that connect by nasbench federated join")
    ] = None,
    token_file: TokenFile = None,
    certificates: Certificates = None,
    client_timeout: Annotated[float, typer.Option(help="seconds that --listen waits for clients")] = 600.0,
    compare_seeds: Annotated[
        int, typer.Option(metavar="N", help="compare with central and local-only search over N seeds")
    ] = 0,
    local_only: Annotated[
        bool, typer.Option(help="whether that comparison includes clients that search and train alone")
    ] = True,
    device: Device = "auto",
    out: Out = None,
    json: Json = False,
) -> None:
    """Search and train by rounds of federated averaging, then evaluate the network once on the test split."""
    require_extra("live", "torch")
    if optimizer != "gaea":
        raise NasbenchError(
            f"A federated search averages theta, which {optimizer!r} does not send; use --optimizer gaea."
        )
    network = ("token_file", "certificates", "client_timeout")
    if not compare_seeds:
        refuse_unused(context, ("local_only",), "belongs to a comparison; add --compare-seeds, or leave it out")
    if compare_seeds:
        reason = "is not used by --compare-seeds, which runs the rounds in one process; leave it out"
        refuse_unused(context, ("listen", "runtime", *network), reason)
    elif listen is None:
        refuse_unused(context, network, "applies to clients that connect over a network; add --listen, or leave it out")
    else:
        reason = "says how clients are simulated, and --listen waits for real ones; leave it out"
        refuse_unused(context, ("runtime",), reason)

    from dataclasses import replace

    from nasbench.files.sealed import write_json
    from nasbench.live.federated import compare
    from nasbench.live.federated.coordinator import ClientFailures
    from nasbench.live.federated.credentials import Credentials
    from nasbench.live.federated.defaults import scaled_config
    from nasbench.live.federated.experiment import FederatedExperiment, run_federated, serve_federated
    from nasbench.live.federated.partition import Partition
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.tasks.catalogue import get_task
    from nasbench.live.training.training import stderr_reporter

    central = options.config(optimizer)
    passes = (central.supernet.epochs, central.recipe.epochs)
    pooled = get_task(central.task).load().reduced(*central.subset_size)
    config = scaled_config(central, pooled, clients, rounds, train_rounds, finalists)
    config = replace(config, training_weights=training_weights)
    if warmup_rounds is not None:
        config = replace(config, warmup_rounds=warmup_rounds)
    experiment = FederatedExperiment(
        config=config,
        clients=clients,
        partition=Partition.parse(partition),
        failures=ClientFailures(client_dropout=client_dropout, straggler_fraction=straggler_fraction),
        subset_size=central.subset_size,
    )
    where = choose_device(device)
    if compare_seeds:
        size = central.recipe.batch_size
        rows = compare.compare_seeds(
            experiment, compare_seeds, where, out, passes=passes, batch_size=size, local_only=local_only
        )
        show("federated search", "rows", compare.summary(rows), json)
        return
    checkpoint = out / f"federated-{options.task}-{options.seed}.pt" if out else None
    if listen is None:
        result = run_federated(experiment, where, runtime, checkpoint=checkpoint)
    else:
        address = checked_address(listen)
        _check_timeout(client_timeout)
        credentials = Credentials.read(token_file, certificates)
        if not credentials.token:
            stderr_reporter(f"any client that can reach {address} can take part; use --token-file to require a token")
        result = serve_federated(
            experiment,
            address,
            where,
            client_timeout=client_timeout,
            credentials=credentials,
            checkpoint=checkpoint,
        )
    if out:
        write_json(out / f"federated-{options.task}-{options.seed}.json", result)
    show("federated search", "searches", [result], json)


@federated.command()
def join(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="HOST:PORT of nasbench federated search --listen")],
    task: Annotated[str, typer.Option(help="the task whose data this client holds")] = "digits",
    client: Annotated[int, typer.Option(min=0, help="number of this client, from 0")] = 0,
    clients: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="number of partitions; this client holds partition --client (default: all local examples)",
        ),
    ] = None,
    partition: Annotated[str, typer.Option(help="how the examples are partitioned: iid or dirichlet:ALPHA")] = "iid",
    subset_size: Annotated[int | None, typer.Option(min=2, help="use only this many training examples")] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="seed of the partition, that of the search")] = 0,
    token_file: TokenFile = None,
    certificates: Certificates = None,
    client_timeout: Annotated[float, typer.Option(help="seconds that this client waits for the server")] = 600.0,
    device: Device = "auto",
) -> None:
    """Take part in a federated search as one client; its data stay on this machine."""
    require_extra("live", "torch")
    from nasbench.live.federated.client import Client
    from nasbench.live.federated.credentials import Credentials
    from nasbench.live.federated.partition import Partition, check_client, partition_examples
    from nasbench.live.federated.runtime import connect
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.tasks.catalogue import get_task
    from nasbench.live.training.training import stderr_reporter

    checked_address(address)
    _check_timeout(client_timeout)
    credentials = Credentials.read(token_file, certificates)
    if clients is None:
        unused = "partitions the examples among several clients; add --clients, or leave it out"
        refuse_unused(context, ("partition", "seed"), unused)
    chosen = get_task(task)
    splits = chosen.load().reduced(subset_size, None if subset_size is None else max(subset_size // 4, 1))
    if clients is not None:
        if not 0 <= client < clients:
            raise NasbenchError(f"The client is number {client} of {clients}; it should be from 0 to {clients - 1}.")
        splits = partition_examples(chosen, splits, clients, Partition.parse(partition), seed)[client]
    check_client(chosen, splits, client)
    stderr_reporter(f"client {client} has {len(splits.train)} training examples and waits for {address}")
    connect(Client(client, chosen, splits, choose_device(device)), address, client_timeout, credentials)
    stderr_reporter(f"client {client}: the search has ended")


def _check_timeout(seconds: float) -> None:
    if seconds not in POSITIVE:
        raise NasbenchError(f"--client-timeout is {seconds}; it should be {POSITIVE.words}.")


def checked_address(text: str) -> str:
    """Return an address; raises NasbenchError unless it is HOST:PORT."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise NasbenchError(f"The address is {text!r}; it should be HOST:PORT, such as 127.0.0.1:9092.")
    return text
