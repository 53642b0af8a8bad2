using System.Security.Cryptography;
using System.Text;

namespace RegistryProxy.Grains.SiloCalls;

/// <summary>What this process knows and no other.</summary>
internal sealed class ProcessPass
{
    public string Text { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>Whether somebody knows it.</summary>
    public bool Is(string text) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetBytes(Text));
}
