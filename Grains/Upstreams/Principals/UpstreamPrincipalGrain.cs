using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Credentials;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Grains.Upstreams.StoredState;

namespace RegistryProxy.Grains.Upstreams.Principals;

/// <summary>
/// Keeps one lease for each material that the upstreams of this principal hold, which is one but for a moment after an edit.
/// </summary>
[GrainType("upstreamprincipal")]
internal sealed class UpstreamPrincipalGrain(
    IConfigurationFeed configuration, CredentialSource source, UpstreamStateStore states, TimeProvider time)
    : Grain, IUpstreamPrincipalGrain
{
    private readonly Dictionary<string, PrincipalLease> _leases = [];
    private readonly Dictionary<string, string> _materials = [];
    private StoredUpstreamState<StoredSecrets> _stored = null!;
    private byte[] _key = [];

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _stored = await states.Open<StoredSecrets>("principal", this.GetGrainId());
        _key = Convert.FromBase64String(_stored.Value.StampKey.Reveal());
    }

    public ValueTask<PrincipalAnswer> Get(string upstream, long refusedVersion)
    {
        ISecretIssuer? issuer;
        string shown, material;
        try
        {
            (_, issuer, shown) = configuration.Current.Configuration.Upstreams.TryGetValue(upstream, out var found)
                ? source.Read(found) : new SourcedCredential(null, null, "");
            if (issuer is null || PrincipalKey.Of(issuer) != this.GetPrimaryKeyString())
            {
                return new(PrincipalAnswer.Of(
                    new UpstreamFailure(UpstreamFailureKind.Unreachable, "its credentials have just been edited", 1)));
            }

            material = Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(shown)));
        }
        catch (SecretUnavailableException fault)
        {
            return new(PrincipalAnswer.Of(
                new UpstreamFailure(UpstreamFailureKind.Misconfigured, fault.WithoutName, 0) { Detail = fault.Message }));
        }

        return Lease(upstream, material).Get(issuer, refusedVersion);
    }

    private PrincipalLease Lease(string upstream, string material)
    {
        _materials[upstream] = material;
        foreach (var gone in _materials.Keys.Where(name => !configuration.Current.Configuration.Upstreams.ContainsKey(name)).ToList())
        {
            _materials.Remove(gone);
        }

        foreach (var unused in _leases.Keys.Except(_materials.Values).ToList())
        {
            _leases.Remove(unused);
        }

        return _leases.TryGetValue(material, out var lease)
            ? lease
            : _leases[material] = new PrincipalLease(
                _stored.Value.Secrets.GetValueOrDefault(material), secret => Keep(material, secret), time);
    }

    private Task Keep(string material, StoredSecret secret)
    {
        var now = time.GetUtcNow();
        var secrets = _stored.Value.Secrets.Where(known => known.Value.Answer.Expires > now).ToDictionary();
        secrets[material] = secret;
        _stored.Value = new StoredSecrets { StampKey = _stored.Value.StampKey, Secrets = secrets };
        return _stored.Write();
    }
}
