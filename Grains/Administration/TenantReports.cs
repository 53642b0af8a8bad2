using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// From who serves operators on a silo to what administrators of a tenant may read, and to its part: a stateless worker, which runs in the
/// process that calls it, and wants the pass of that process. The key is the tenant's name.
/// </summary>
[Version(0), Alias("rp.ITenantReportGrain")]
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
}

/// <inheritdoc cref="ITenantReportGrain"/>
[StatelessWorker, Reentrant, GrainType("tenantreport")]
internal sealed class TenantReportGrain(ProcessPass known, AdministrationTable table) : Grain, ITenantReportGrain
{
    private static readonly Administrator Operator = new("", "operator", []);

    public ValueTask<AdministrationReply> Read(string pass, string path, string query, CancellationToken cancellation = default) =>
        known.Is(pass)
            ? table.Answer(
                new AdministrationCall(this.GetPrimaryKeyString(), Operator, new AdministrationRequest
                {
                    Token = new Secret(""), Method = "GET", Path = path, Query = query,
                }),
                cancellation)
            : throw new UnauthorizedAccessException("tenants are reported on silos alone");

    public ValueTask<AdministrationReply> Change(string pass, AdministrationRequest request) =>
        known.Is(pass) && request.Path.Split('/')[0] == "configuration"
            ? table.Answer(new AdministrationCall(this.GetPrimaryKeyString(), Operator, request), CancellationToken.None)
            : throw new UnauthorizedAccessException("parts of tenants are changed for operators on silos alone");
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
}
