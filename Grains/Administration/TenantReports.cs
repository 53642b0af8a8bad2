using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Managed;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// From who serves operators on a silo to what administrators of a tenant may read, and to its part: a stateless worker, which runs in the
/// process that calls it, and wants the pass of that process. The key is the tenant's name.
/// </summary>
[Version(1), Alias("rp.ITenantReportGrain")]
public interface ITenantReportGrain : IGrainWithStringKey
{
    /// <summary>Answers a reading request.</summary>
    /// <param name="pass">The pass of the process.</param>
    /// <param name="path">The path below <c>/admin/</c>.</param>
    /// <param name="query">The raw query, without its question mark.</param>
    /// <param name="cancellation">Ends the wait.</param>
    [Alias("Read"), ResponseTimeout("00:00:20")]
    ValueTask<AdministrationReply> Read(string pass, string path, string query, CancellationToken cancellation = default);

    /// <summary>Reads or changes the part of a managed tenant.</summary>
    /// <param name="pass">The pass of the process.</param>
    /// <param name="request">The request, whose token says nothing.</param>
    [Alias("Change"), ResponseTimeout("00:00:20")]
    ValueTask<AdministrationReply> Change(string pass, AdministrationRequest request);

    /// <summary>
    /// Drops what the state has under the tenant's name, which somebody else is to get: its part with the history, and its robots. Repeated
    /// it drops what is left.
    /// </summary>
    /// <param name="pass">The pass of the process.</param>
    [Alias("Forget"), ResponseTimeout("00:00:30")]
    ValueTask<ForgottenTenant> Forget(string pass);
}

/// <summary>What was dropped.</summary>
/// <param name="Versions">Versions of its part.</param>
/// <param name="Robots">Robots.</param>
[GenerateSerializer, Immutable, Alias("rp.forgotten-tenant")]
public sealed record ForgottenTenant([property: Id(0)] int Versions, [property: Id(1)] int Robots);

/// <inheritdoc cref="ITenantReportGrain"/>
[StatelessWorker, Reentrant, GrainType("tenantreport")]
internal sealed class TenantReportGrain(ProcessPass known, AdministrationTable table) : Grain, ITenantReportGrain
{
    /// <summary>How many robots are revoked at the same time.</summary>
    private const int RobotsAtOnce = 16;

    public ValueTask<AdministrationReply> Read(string pass, string path, string query, CancellationToken cancellation = default) =>
        known.Is(pass)
            ? table.Answer(
                new AdministrationCall(this.GetPrimaryKeyString(), Administrator.Operator, new AdministrationRequest
                {
                    Token = new Secret(""), Method = "GET", Path = path, Query = query,
                }),
                cancellation)
            : throw new UnauthorizedAccessException("tenants are reported on silos alone");

    public ValueTask<AdministrationReply> Change(string pass, AdministrationRequest request) =>
        known.Is(pass) && request.Path.Split('/')[0] == "configuration"
            ? table.Answer(new AdministrationCall(this.GetPrimaryKeyString(), Administrator.Operator, request), CancellationToken.None)
            : throw new UnauthorizedAccessException("parts of tenants are changed for operators on silos alone");

    public async ValueTask<ForgottenTenant> Forget(string pass)
    {
        if (!known.Is(pass))
        {
            throw new UnauthorizedAccessException("tenants are dropped for operators on silos alone");
        }

        var (tenant, ended) = (this.GetPrimaryKeyString(), 0);
        var robots = GrainFactory.GetGrain<IRobotsGrain>(tenant);
        foreach (var some in (await robots.List()).Chunk(RobotsAtOnce))
        {
            await Task.WhenAll(some.Select(robot => robots.Revoke(robot.Name).AsTask()));
            ended += some.Length;
        }

        return new ForgottenTenant(await GrainFactory.GetGrain<IManagedPartGrain>(tenant).Forget(), ended);
    }
}

/// <summary>What administrators of a tenant may read, for who serves operators on a silo.</summary>
public sealed class TenantReports
{
    private readonly IGrainFactory _grains;
    private readonly ProcessPass _pass;

    internal TenantReports(IGrainFactory grains, ProcessPass pass) => (_grains, _pass) = (grains, pass);

    /// <summary>Reads what is at a path below <c>/admin/</c>.</summary>
    public ValueTask<AdministrationReply> Read(string tenant, string path, string query, CancellationToken cancellation) =>
        _grains.GetGrain<ITenantReportGrain>(tenant).Read(_pass.Text, path, query, cancellation);

    /// <summary>Reads or changes the part of a managed tenant.</summary>
    public ValueTask<AdministrationReply> Change(string tenant, AdministrationRequest request) =>
        _grains.GetGrain<ITenantReportGrain>(tenant).Change(_pass.Text, request);

    /// <summary>Drops what the state has under a tenant's name.</summary>
    public ValueTask<ForgottenTenant> Forget(string tenant) => _grains.GetGrain<ITenantReportGrain>(tenant).Forget(_pass.Text);
}
