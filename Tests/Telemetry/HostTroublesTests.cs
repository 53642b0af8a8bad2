using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.ServiceDefaults.Operations;

namespace RegistryProxy.Tests.Telemetry;

/// <summary>When a certificate should have been renewed.</summary>
public sealed class HostTroublesTests
{
    /// <param name="days">How long it lives.</param>
    /// <param name="left">How much of that is left, in days.</param>
    /// <param name="isEnding">Whether operators are told.</param>
    [Theory]
    [InlineData(90, 8, false)]
    [InlineData(90, 6.9, true)]
    [InlineData(6, 6, false)]
    [InlineData(6, 2, false)]
    [InlineData(6, 1.4, true)]
    [InlineData(1, 0.9, false)]
    [InlineData(1, 0.2, true)]
    public void It_is_told_in_the_last_week_and_the_last_quarter_of_its_life(double days, double left, bool isEnding)
    {
        var end = new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=door", key, HashAlgorithmName.SHA256).CreateSelfSigned(end.AddDays(-days), end);
        Assert.Equal(isEnding, HostTroubles.IsEnding(end.AddDays(-left), certificate));
    }
}
