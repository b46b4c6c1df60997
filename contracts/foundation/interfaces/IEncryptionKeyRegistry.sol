// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IEncryptionKeyRegistry
/// @notice Says which encryption key belongs to which account, so that others seal envelopes to the right person.
/// @dev Stores a hash of suite and public key; the key itself travels beside the manifest and is checked against it.
/// One slot an account, reused at each rotation:
///   bits   0..39   since when, unix seconds
///   bits  40..71   how often the key was changed; what the next signed request must name
///   bits  72..255  the first 23 bytes of keccak256(suite ‖ public key); zero when there is no key
interface IEncryptionKeyRegistry {
    /// @notice `account` set or rotated its key. `keyHash` is the full hash; zero means that the key was withdrawn.
    event EncryptionKeySet(address indexed account, bytes32 indexed keyHash, uint32 sequence);

    /// @notice The signed request is past its deadline.
    /// @dev Ask the account to sign a new request with a later deadline.
    error EncryptionKeyRequestExpired(uint256 deadline);
    /// @notice The signature is not the account's over this very request, sequence, chain and contract.
    /// @dev Read `sequenceOf(account)` and have the account sign again.
    error EncryptionKeySignatureInvalid(address account);

    /// @notice Whether `keyHash` is the current key of `account`.
    function isCurrent(address account, bytes32 keyHash) external view returns (bool);

    /// @notice Since when the account has its current key; zero when it has none.
    function keySince(address account) external view returns (uint40);

    /// @notice How often the key of `account` was changed; a signed request names this number, so each works once at most.
    function sequenceOf(address account) external view returns (uint32);

    /// @notice Sets, rotates (another hash) or withdraws (zero) the caller's key.
    function setKey(bytes32 keyHash) external;

    /// @notice The same for `account`, which signed `SetKey(account, keyHash, sequence, deadline)`. Anyone may relay.
    function setKeyBySignature(address account, bytes32 keyHash, uint256 deadline, bytes calldata signature) external;
}
