using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

/// <summary>Where servers lead, and what is made of it.</summary>
public sealed class UriReferenceTests
{
    private static readonly Uri From = new("https://registry.example/v2/a/blobs/uploads/");

    [Theory]
    [InlineData("/v2/a/blobs/uploads/1?_state=a%3D&x=%2f%2F", "https://registry.example:443", "/v2/a/blobs/uploads/1?_state=a%3D&x=%2f%2F")]
    [InlineData("https://registry.example/v2/x", "https://registry.example:443", "/v2/x")]
    [InlineData("HTTPS://REGISTRY.example:0443/v2/x#part", "https://registry.example:443", "/v2/x")]
    [InlineData("http://registry.example/v2/x", "http://registry.example:80", "/v2/x")]
    [InlineData("//other.example:8443/x", "https://other.example:8443", "/x")]
    [InlineData("https://other.example", "https://other.example:443", "/")]
    [InlineData("https://other.example?x=//y", "https://other.example:443", "/?x=//y")]
    [InlineData("https://[2001:DB8::1]:5000/x", "https://[2001:db8::1]:5000", "/x")]
    [InlineData("1?x", "https://registry.example:443", "/v2/a/blobs/uploads/1?x")]
    [InlineData("?n=1&last=a", "https://registry.example:443", "/v2/a/blobs/uploads/?n=1&last=a")]
    [InlineData("/a b|Ã©\"<%zz%41", "https://registry.example:443", "/a%20b%7C%C3%A9%22%3C%25zz%41")]
    [InlineData("/é?x=é%C3%A9", "https://registry.example:443", "/%E9?x=%E9%C3%A9")]
    [InlineData("/名", "https://registry.example:443", "/%E5%90%8D")]
    [InlineData("/v2//x/%2f%2f127.0.0.1", "https://registry.example:443", "/v2//x/%2f%2f127.0.0.1")]
    public void A_reference_is_an_origin_and_a_path(string text, string origin, string target)
    {
        Assert.True(UriReference.TryResolve(text, From, out var reference));
        Assert.Equal((origin, target), (reference.Origin.ToString(), reference.Target!.Value.Text));
        Assert.True(reference.Origin.Owns(reference.Address));
        Assert.Equal(target, reference.Address.PathAndQuery);
    }

    [Theory]
    [InlineData(61, true)]
    [InlineData(62, false)]
    [InlineData(63, false)]
    public void A_host_is_no_longer_than_dns_has_it(int last, bool isRead)
    {
        var label = new string('a', 63);
        var text = $"https://{label}.{label}.{label}.{new string('b', last)}/x";
        Assert.Equal(isRead, UriReference.TryResolve(text, new Uri("https://registry.example/v2/"), out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("#x")]
    [InlineData("/\\evil.example/x")]
    [InlineData("\\\\evil.example/x")]
    [InlineData("https:\\\\evil.example/x")]
    [InlineData("////evil.example/x")]
    [InlineData("///evil.example/x")]
    [InlineData("/\t/evil.example")]
    [InlineData("/\r\nHost: evil.example")]
    [InlineData("https://user@registry.example/x")]
    [InlineData("https://registry.example:443@evil.example/x")]
    [InlineData("https://registry%2eexample/x")]
    [InlineData("https://bücher.example/x")]
    [InlineData("https://registry.example:99999/x")]
    [InlineData("https:///x")]
    [InlineData("https:/registry.example/x")]
    [InlineData("https:x")]
    [InlineData("ftp://registry.example/x")]
    [InlineData("javascript:alert(1)")]
    [InlineData("file:///etc/passwd")]
    [InlineData("/v2/%2E%2e/admin")]
    [InlineData("/v2/.%2e/admin")]
    [InlineData("..%2e/../%2e/x")]
    public void What_cannot_be_one_is_refused(string text) => Assert.False(UriReference.TryResolve(text, From, out _), text);

    /// <summary>Dot segments are resolved as of any reference (RFC 3986 §5.2.4 and §5.4), and never lead above the root.</summary>
    [Theory]
    [InlineData("/v2/../admin", "/admin")]
    [InlineData("/./x", "/x")]
    [InlineData("/a/b/c/./../../g", "/a/g")]
    [InlineData("/a/..", "/")]
    [InlineData("/a/b/..", "/a/")]
    [InlineData("/a/b/.", "/a/b/")]
    [InlineData("/../../../x", "/x")]
    [InlineData("/a/.../.x/..y/z.", "/a/.../.x/..y/z.")]
    [InlineData("https://registry.example/v2/x/../y?p=/../z", "/v2/y?p=/../z")]
    public void Dot_segments_are_resolved(string text, string target)
    {
        Assert.True(UriReference.TryResolve(text, From, out var reference));
        Assert.Equal(target, reference.Target?.Text);
        Assert.Equal(new Uri(From, text).AbsoluteUri, reference.Address.AbsoluteUri);
    }

    [Theory]
    [InlineData("/..//evil.example/x")]
    [InlineData("/.//evil.example/x")]
    [InlineData("/a/..//evil.example/x")]
    public void Dot_segments_before_two_slashes_lead_to_no_other_origin(string text)
    {
        Assert.True(UriReference.TryResolve(text, From, out var reference));
        Assert.Null(reference.Target);
        Assert.Equal("https://registry.example//evil.example/x", reference.Address.AbsoluteUri);
    }

    [Theory]
    [InlineData("https://registry.example//evil.example/x")]
    [InlineData("//registry.example//evil.example/x")]
    public void A_path_that_begins_with_two_slashes_is_for_redirects_alone(string text)
    {
        Assert.True(UriReference.TryResolve(text, From, out var reference));
        Assert.Null(reference.Target);
        Assert.Equal("https://registry.example//evil.example/x", reference.Address.AbsoluteUri);
    }

    [Fact]
    public void Lengths_are_bounded()
    {
        Assert.True(OriginForm.TryParse($"/{new string('a', OriginForm.MaxLength - 1)}", out _));
        Assert.False(OriginForm.TryParse($"/{new string('a', OriginForm.MaxLength)}", out _));
        Assert.False(OriginForm.TryParse($"/{new string('é', OriginForm.MaxLength - 1)}", out _));
        Assert.False(UriReference.TryResolve($"https://{new string('a', 100_000)}.example/", From, out _));
        Assert.False(UriReference.TryResolve($"https://{new string('a', 20_000)}.example/", From, out _));
    }

    [Fact]
    public void The_default_path_and_parameters_that_are_added()
    {
        Assert.Equal("/", default(OriginForm).Text);
        Assert.Equal("/x?a=b%26c", OriginForm.Of("/x").With("a", "b&c").Text);
        Assert.Equal("/x?y&a=b", OriginForm.Of("/x?y").With("a", "b").Text);
        Assert.Equal(("/x", "y?z"), (OriginForm.Of("/x?y?z").Path, OriginForm.Of("/x?y?z").Query));
    }
}
