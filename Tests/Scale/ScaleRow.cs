namespace RegistryProxy.Tests.Scale;

/// <summary>What a cluster of one size costs.</summary>
/// <param name="Silos">Silos.</param>
/// <param name="Gateways">Gateways.</param>
/// <param name="Tenants">Tenants.</param>
internal sealed record ScaleRow(int Silos, int Gateways, int Tenants)
{
    /// <summary>What each gateway is sent for an edit of one tenant, bytes.</summary>
    public double EditBytes { get; init; }

    /// <summary>What silos and gateways compute for it together, CPU ms.</summary>
    public double EditCpu { get; init; }

    /// <summary>Grain calls for each pull under a lease.</summary>
    public double CallsPerPull { get; init; }

    /// <summary>Calls of each gateway for all sessions of one identity at the end of a lease.</summary>
    public double RenewalsPerLease { get; init; }

    /// <summary>Of a core, for the whole cluster.</summary>
    public IdleRate Idle { get; init; }

    /// <summary>Of a core, for one silo without gateways.</summary>
    public IdleRate IdleSilo { get; init; }

    /// <summary>Of a core, for one gateway more.</summary>
    public IdleRate IdleGateway { get; init; }

    /// <summary>Writes a second, each told before and after.</summary>
    public double Writes { get; init; }

    /// <summary>CPU µs of a write.</summary>
    public double WriteCpu { get; init; }

    /// <summary>What is served of a limit of which three times as much is asked for, as a part of it.</summary>
    public double LimitServed { get; init; }

    /// <summary>Questions of each gateway about it in a second.</summary>
    public double LimitQuestions { get; init; }

    /// <summary>Of a core, for all that.</summary>
    public double LimitCpu { get; init; }

    /// <summary>CPU ms of the operators' view.</summary>
    public double OverviewCpu { get; init; }

    /// <summary>MB of what gateways report of tenants, at the silo that has it.</summary>
    public double Reports { get; init; }

    /// <summary>MB of a silo, with the sessions.</summary>
    public double SiloHeap { get; init; }

    /// <summary>MB of a gateway more.</summary>
    public double GatewayHeap { get; init; }
}
