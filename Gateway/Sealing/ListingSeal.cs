using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Sealing;

/// <summary>
/// Seals where a listing goes on at its upstreams into the <c>Link</c> that the client follows (AES-256-GCM), bound to tenant, owner and
/// listing: any gateway can go on with it, and nobody can ask an upstream for anything else by it.
/// </summary>
internal sealed class ListingSeal(IReadOnlyList<Secret> keys)
{
    /// <summary>The longest that is sealed, in bytes: an address with it is no longer than what gateways take.</summary>
    public const int MaxBytes = 4 * 1024;

    private readonly AuthenticatedSeal _seal = new([.. keys.Select(key => Convert.FromBase64String(key.Reveal()))]);

    /// <summary>The text for a position; <c>null</c> when it would be too long.</summary>
    public string? Seal(ListingPosition position, ListingBinding binding)
    {
        var plain = Encoding.UTF8.GetBytes(position.ToText());
        return plain.Length > MaxBytes ? null : _seal.Seal(plain, binding.Bytes());
    }

    /// <summary>The position of a text; <c>null</c> when it is not one of ours or bound to something else.</summary>
    public ListingPosition? Open(string text, ListingBinding binding) =>
        _seal.TryOpen(text, binding.Bytes(), out var plain) ? ListingPosition.Parse(Encoding.UTF8.GetString(plain)) : null;
}

/// <summary>What a position belongs to.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Owner">Whose listing it is.</param>
/// <param name="Path">The listing, as clients ask for it.</param>
internal sealed record ListingBinding(string Tenant, string Owner, string Path)
{
    /// <summary>No upload is bound to as many lines.</summary>
    public byte[] Bytes() => Encoding.UTF8.GetBytes(string.Join('\n', "listing", Tenant, Owner, Path, ""));
}
