using RegistryProxy.Configuration;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>GET /admin/tenant</c>: what is in use of this tenant's configuration, and what is wrong with it. Of errors in the operator's files it
/// is told no more than where they are: their words may be about others.
/// </summary>
internal sealed class PartDesk(IConfigurationFeed configuration, IEnumerable<LocalFiles> local)
{
    /// <summary>The most errors in one answer.</summary>
    private const int MaxErrors = 200;

    public ValueTask<AdministrationReply> Read(AdministrationCall call)
    {
        var snapshot = configuration.Current;
        if (snapshot.Configuration.Tenants.GetValueOrDefault(call.Tenant) is not { } tenant)
        {
            return new(AdministrationAnswer.Error(404, "there is no such tenant any more"));
        }

        var view = new TenantPartView(
            TenantPart.Of(snapshot, tenant), !tenant.IsUnusable, [.. Errors(call.Tenant).Distinct().Take(MaxErrors)]);
        return new(AdministrationAnswer.Good(view, AdministrationJson.Default.TenantPartView));
    }

    private IEnumerable<ConfigurationRemark> Errors(string tenant)
    {
        if (local.FirstOrDefault()?.Watcher is not { } files)
        {
            return [];
        }

        var own = files.LastFaults.Where(fault => PartText.TenantOf(fault.Part) == tenant).SelectMany(fault => fault.Errors).ToList();
        return own.Select(ConfigurationRemark.Of).Concat(files.LastErrors.Except(own).Where(error => IsAbout(error, tenant)).Select(
            error => new ConfigurationRemark(0, error.Field, "the operator's files have an error here; their operator sees which")));
    }

    private static bool IsAbout(ConfigurationError error, string tenant) =>
        error.Field == $"tenants.{tenant}" || error.Field.StartsWith($"tenants.{tenant}.", StringComparison.Ordinal);
}

/// <summary>What a tenant's administrators see of its configuration.</summary>
/// <param name="Part">What is in use.</param>
/// <param name="IsUsable">Whether its hosts are served; else they answer 503 until the errors are mended.</param>
/// <param name="Errors">What is wrong with it now, by line of its own part; line 0 is in the operator's files.</param>
internal sealed record TenantPartView(TenantPart Part, bool IsUsable, IReadOnlyList<ConfigurationRemark> Errors);
