// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What a credential entitles to: keccak256 of a published name such as "publica.technician".
type CredentialType is bytes32;

/// @title ICredentialReader
/// @notice The small, stable half of the credential registry: what other contracts ask before they let somebody act.
interface ICredentialReader {
    /// @notice Whether `subject` holds a credential of `credentialType` that is valid now.
    /// @dev Valid exactly in [from, until), never while suspended, never after revocation. One cold storage read: the end of
    /// the authority that granted it is not looked up. That authority grants nothing more, and what it had granted stands
    /// to its own end unless an authority above it, or an issuer of the type, revokes or suspends it. Does not revert.
    function isValid(CredentialType credentialType, address subject) external view returns (bool);

    /// @notice As `isValid`, with the credential's attribute word (specialty, zone …; its meaning is the type's).
    /// @return valid Whether the credential is valid now.
    /// @return attributes The attribute word; zero when not valid.
    function attributesOf(
        CredentialType credentialType,
        address subject
    ) external view returns (bool valid, uint64 attributes);
}
