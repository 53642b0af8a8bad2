using System.Security.Cryptography;
using Orleans.Serialization;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Configuration;

/// <summary>The snapshot of now, and what of it was another at the versions before. For the single thread of a grain.</summary>
internal sealed class SnapshotBook(Serializer serializer)
{
    /// <summary>Changes that are remembered; who is further behind gets the whole.</summary>
    private const int ChangeCapacity = 64;

    /// <summary>Of the hash of a part, in hexadecimal digits.</summary>
    private const int HashLength = 2 * SHA256.HashSizeInBytes;

    private readonly List<Step> _steps = [];
    private Parts _parts = Parts.None;
    private byte[]? _packed;

    /// <summary>The snapshot; <c>null</c> before the first.</summary>
    public GatewaySnapshot? Current { get; private set; }

    /// <summary>The whole, packed.</summary>
    public byte[] Packed => _packed ??= PackedSnapshot.Pack(Current!, serializer);

    /// <summary>What names the rules of a tenant; empty when there is none of this name.</summary>
    public string RulesOf(string tenant) => _parts.Rules.GetValueOrDefault(tenant, "");

    /// <summary>Takes the next one.</summary>
    /// <param name="next">The snapshot.</param>
    /// <param name="stampOf">Names what of an upstream gateways are not told and keep something of all the same: its credentials.</param>
    public void Take(GatewaySnapshot next, Func<string, string> stampOf)
    {
        var tenants = Current?.Tenants.ToDictionary(tenant => tenant.Name) ?? [];
        var upstreams = Current?.Upstreams.ToDictionary(upstream => upstream.Name) ?? [];
        var parts = new Parts(
            next.Tenants.ToDictionary(
                tenant => tenant.Name,
                tenant => ReferenceEquals(tenants.GetValueOrDefault(tenant.Name), tenant) ? _parts.Tenants[tenant.Name]
                    : Hash(tenant with { RulesStamp = null })),
            next.Upstreams.ToDictionary(
                upstream => upstream.Name,
                upstream => upstreams.GetValueOrDefault(upstream.Name) == upstream
                    ? _parts.Upstreams[upstream.Name][..HashLength] + stampOf(upstream.Name) : Hash(upstream) + stampOf(upstream.Name)),
            next.Tenants.ToDictionary(tenant => tenant.Name, tenant => tenant.RulesStamp ?? ""));
        if (Current is { } former)
        {
            _steps.Add(new Step(
                former.Version, Differing(_parts.Tenants, parts.Tenants), Differing(_parts.Rules, parts.Rules),
                Differing(_parts.Upstreams, parts.Upstreams), !former.Keys.SequenceEqual(next.Keys),
                !former.UploadKeys.SequenceEqual(next.UploadKeys)));
            if (_steps.Count > ChangeCapacity)
            {
                _steps.RemoveAt(0);
            }
        }

        (Current, _parts, _packed) = (next, parts, null);
    }

    /// <summary>What is another since a version; <c>null</c> when the whole is less to send, or the version is not known.</summary>
    /// <param name="version">The version.</param>
    /// <param name="takesStamps">Whether what names the rules of a tenant may be told without the tenant.</param>
    public SnapshotChange? Since(string version, bool takesStamps)
    {
        var (known, now) = (_steps.FindLastIndex(step => step.Since == version), Current!);
        if (known < 0)
        {
            return null;
        }

        var steps = _steps.Skip(known).ToList();
        var tenants = steps.SelectMany(step => step.Tenants).ToHashSet();
        var stamped = steps.SelectMany(step => step.Rules).ToHashSet();
        if (!takesStamps)
        {
            tenants.UnionWith(stamped);
        }

        var upstreams = steps.SelectMany(step => step.Upstreams).ToHashSet();
        return (tenants.Count + upstreams.Count) * 4 > now.Tenants.Count + now.Upstreams.Count + 40 ? null : new SnapshotChange
        {
            Since = version,
            Version = now.Version,
            ConfigurationVersion = now.ConfigurationVersion,
            AccessLifetime = now.AccessLifetime,
            Revision = now.Revision,
            Tenants = [.. now.Tenants.Where(tenant => tenants.Contains(tenant.Name))],
            Stamps =
            [
                .. stamped.Where(name => !tenants.Contains(name) && _parts.Rules.ContainsKey(name))
                    .Select(name => new TenantRules(name, _parts.Rules[name])),
            ],
            GoneTenants = [.. tenants.Where(name => !_parts.Tenants.ContainsKey(name))],
            Upstreams = [.. now.Upstreams.Where(upstream => upstreams.Contains(upstream.Name))],
            GoneUpstreams = [.. upstreams.Where(name => !_parts.Upstreams.ContainsKey(name))],
            Keys = steps.Exists(step => step.Keys) ? now.Keys : null,
            UploadKeys = steps.Exists(step => step.UploadKeys) ? now.UploadKeys : null,
        };
    }

    private string Hash<T>(T part) => Convert.ToHexString(SHA256.HashData(serializer.SerializeToArray(part)));

    private static List<string> Differing(Dictionary<string, string> before, Dictionary<string, string> after) =>
        [.. after.Where(part => before.GetValueOrDefault(part.Key) != part.Value).Select(part => part.Key)
            .Concat(before.Keys.Where(name => !after.ContainsKey(name)))];

    private sealed record Step(
        string Since, List<string> Tenants, List<string> Rules, List<string> Upstreams, bool Keys, bool UploadKeys);

    private sealed record Parts(Dictionary<string, string> Tenants, Dictionary<string, string> Upstreams, Dictionary<string, string> Rules)
    {
        public static Parts None { get; } = new([], [], []);
    }
}
