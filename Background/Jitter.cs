using System.Security.Cryptography;

namespace RegistryProxy.Background;

/// <summary>Spreads what would otherwise happen everywhere at once.</summary>
public static class Jitter
{
    /// <summary>A factor between two, evenly.</summary>
    public static double Between(double low, double high) => low + ((high - low) * RandomNumberGenerator.GetInt32(1001) / 1000);
}
