using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

/// <summary>Which bytes a chunk says that it is.</summary>
public sealed class UploadRangeTests
{
    [Theory]
    [InlineData("0-0", 0, 0)]
    [InlineData("10-19", 10, 19)]
    [InlineData("bytes=0-99", 0, 99)]
    [InlineData("bytes 100-199/200", 100, 199)]
    [InlineData("bytes 100-199/*", 100, 199)]
    [InlineData("0-9223372036854775806", 0, long.MaxValue - 1)]
    public void Every_form_is_read_and_said_as_registries_read_it(string text, long first, long last)
    {
        Assert.True(UploadRange.TryParse(text, out var range));
        Assert.Equal(new UploadRange(first, last), range);
        Assert.Equal($"{first}-{last}", range.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("-5")]
    [InlineData("5-")]
    [InlineData("9-5")]
    [InlineData("a-b")]
    [InlineData(" 0-9")]
    [InlineData("+0-9")]
    [InlineData("0-9223372036854775807")]
    [InlineData("0-99999999999999999999")]
    [InlineData("bytes */100")]
    [InlineData("bytes 0-9/")]
    [InlineData("bytes 0-9/x")]
    [InlineData("bytes 0-9/-1")]
    [InlineData("/")]
    [InlineData("0-9,20-29")]
    public void Nothing_else_is(string text) => Assert.False(UploadRange.TryParse(text, out _));
}
