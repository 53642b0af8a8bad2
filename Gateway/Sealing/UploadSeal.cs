using System.Text;
using System.Text.Json;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Sealing;

/// <summary>
/// Seals the state of an upload into the id that the client carries (AES-256-GCM), bound to tenant, owner, repository, upstream and where
/// that is: any gateway can go on with it, nobody else can, and the upstream's own location is never seen.
/// </summary>
internal sealed class UploadSeal(IReadOnlyList<Secret> keys)
{
    private readonly AuthenticatedSeal _seal = new([.. keys.Select(key => Convert.FromBase64String(key.Reveal()))]);

    /// <summary>The id for an upload.</summary>
    public string Seal(UploadState state, UploadBinding binding) => _seal.Seal(
        JsonSerializer.SerializeToUtf8Bytes(
            new SealedUpload(state.Location.Text, state.Offset, binding.Place), SealedUploadJson.Short.SealedUpload), binding.Bytes());

    /// <summary>The upload of an id; <c>null</c> when it is not one of ours or bound to something else.</summary>
    public UploadState? Open(string id, UploadBinding binding) =>
        _seal.TryOpen(id, binding.Bytes(), out var plain)
        && JsonSerializer.Deserialize(plain, SealedUploadJson.Short.SealedUpload) is { } upload
        && (upload.Place is null || upload.Place == binding.Place)
        && OriginForm.TryParse(upload.Location, out var location)
            ? new UploadState(location, upload.Offset)
            : null;
}

/// <summary>What an upload belongs to.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Owner">Who began it.</param>
/// <param name="Repository">Where to.</param>
/// <param name="Upstream">The name of the upstream.</param>
/// <param name="Origin">Where the upstream is: a location of one server says something else, or too much, to another.</param>
internal sealed record UploadBinding(string Tenant, string Owner, RepositoryName Repository, string Upstream, HttpOrigin Origin)
{
    /// <summary>The origin, as short as every one of them.</summary>
    public string Place => ShortHash.Of(Origin.ToString());

    public byte[] Bytes() => Encoding.UTF8.GetBytes(string.Join('\n', Tenant, Owner, Repository.Value, Upstream));
}
