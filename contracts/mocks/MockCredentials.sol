// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CredentialType, ICredentialReader} from "../foundation/interfaces/ICredentialReader.sol";

/// @title MockCredentials
/// @notice A credential registry anyone can write to, for tests and benches.
contract MockCredentials is ICredentialReader {
    mapping(CredentialType credentialType => mapping(address subject => bool)) private _valid;

    function set(CredentialType credentialType, address subject, bool valid) external {
        _valid[credentialType][subject] = valid;
    }

    /// @inheritdoc ICredentialReader
    function isValid(CredentialType credentialType, address subject) public view returns (bool) {
        return _valid[credentialType][subject];
    }

    /// @inheritdoc ICredentialReader
    function attributesOf(
        CredentialType credentialType,
        address subject
    ) external view returns (bool valid, uint64 attributes) {
        return (isValid(credentialType, subject), 0);
    }
}
