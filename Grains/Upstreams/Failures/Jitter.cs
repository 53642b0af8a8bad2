using System.Security.Cryptography;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>Spreads what would otherwise happen everywhere at once.</summary>
internal static class Jitter
{
    public static double Between(double low, double high) => low + ((high - low) * RandomNumberGenerator.GetInt32(1001) / 1000);
}
