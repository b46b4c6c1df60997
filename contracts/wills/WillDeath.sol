// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CredentialType, ICredentialReader} from "../foundation/interfaces/ICredentialReader.sol";
import {IWillRegistry, WillId, WillSignature, WillState} from "./interfaces/IWillRegistry.sol";
import {WillLeaf} from "./libraries/WillLeaf.sol";
import {Seal} from "./libraries/WillSeal.sol";
import {WillSignatures} from "./libraries/WillSignatures.sol";
import {WillLife} from "./WillLife.sol";

/// @title WillDeath
/// @notice The part of the registry between a claimed death and the release: claims, veto, longer windows, bonds.
abstract contract WillDeath is WillLife {
    /// @dev Who put the bond behind a claim without evidence.
    struct Bond {
        address claimant;
        uint96 amount;
    }

    bytes32 internal constant DEATH_TYPEHASH = keccak256(
        "Death(bytes32 willId,uint16 version,uint16 claim,bytes32 evidenceHash,uint40 timeOfDeath)"
    );
    bytes32 internal constant VETO_TYPEHASH = keccak256("Veto(bytes32 willId,uint16 version,uint16 claim)");

    /// @notice What a registrar's credential is called in the credential registry.
    CredentialType internal constant REGISTRAR = CredentialType.wrap(keccak256("publica.registrar"));
    /// @notice By how much a guardian lengthens a window, and how many guardians may do so in one claim.
    uint40 internal constant EXTENSION = 30 days;
    uint8 internal constant MAX_EXTENSIONS = 3;

    /// @notice The registry that says who is a registrar.
    ICredentialReader public immutable CREDENTIALS;
    /// @notice The bond of a claim without evidence, in wei.
    uint96 public immutable CLAIM_BOND;

    mapping(WillId id => Bond) private _bonds;
    mapping(address account => uint256 wei_) private _credits;

    constructor(ICredentialReader credentials, uint96 claimBond) {
        CREDENTIALS = credentials;
        CLAIM_BOND = claimBond;
    }

    // ------------------------------------------------------------------ read

    /// @inheritdoc IWillRegistry
    function creditOf(address account) external view returns (uint256) {
        return _credits[account];
    }

    // ------------------------------------------------------------------ write

    /// @inheritdoc IWillRegistry
    function claimDeath(
        WillId id,
        bytes32 evidenceHash,
        uint40 timeOfDeath,
        WillSignature[] calldata registrars
    ) external {
        Life storage life = _lives[id];
        if (life.flags & FLAG_ACTIVE == 0 || life.windowEnd != 0) revert WillStateWrong(id, stateOf(id));
        if (timeOfDeath > block.timestamp) revert WillDeathInFuture(timeOfDeath);
        if (registrars.length < life.registrars) revert WillQuorumMissing(registrars.length, life.registrars);

        uint16 claim = life.claims + 1;
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(DEATH_TYPEHASH, id, life.version, claim, evidenceHash, timeOfDeath))
        );
        address previous;
        for (uint256 i = 0; i < registrars.length; ++i) {
            address signer = registrars[i].signer;
            if (signer <= previous) revert WillSignersUnordered(signer);
            if (!CREDENTIALS.isValid(REGISTRAR, signer)) revert WillRegistrarInvalid(signer);
            if (!WillSignatures.isValid(signer, digest, registrars[i].signature))
                revert WillSignatureInvalid(id, signer);
            previous = signer;
        }

        uint40 windowEnd = uint40(block.timestamp) + uint40(life.quorumWindowDays) * 1 days;
        (life.claims, life.windowEnd) = (claim, windowEnd);
        emit WillDeathClaimed(id, claim, evidenceHash, timeOfDeath, windowEnd);
    }

    /// @inheritdoc IWillRegistry
    function claimOverdue(
        WillId id,
        address[] calldata executors,
        uint8 executorThreshold,
        bytes32[] calldata proof
    ) external payable {
        Life storage life = _lives[id];
        _requireUnclaimed(id);
        uint40 dueAt = life.lastBeat + uint40(life.intervalDays) * 1 days;
        if (block.timestamp < dueAt) revert WillNotOverdue(id, dueAt);
        if (msg.value != CLAIM_BOND) revert WillBondWrong(msg.value, CLAIM_BOND);
        _requireInManifest(id, WillLeaf.executors(executors, executorThreshold), proof);
        bool named = false;
        for (uint256 i = 0; i < executors.length; ++i) if (executors[i] == msg.sender) named = true;
        if (!named) revert WillCallerNotNamed(id, msg.sender);

        uint16 claim = life.claims + 1;
        uint40 windowEnd = uint40(block.timestamp) + uint40(life.overdueWindowDays) * 1 days;
        (life.claims, life.windowEnd, life.flags) = (claim, windowEnd, life.flags | FLAG_BONDED);
        _bonds[id] = Bond({claimant: msg.sender, amount: uint96(msg.value)});
        emit WillOverdueClaimed(id, claim, msg.sender, msg.value, windowEnd);
    }

    /// @inheritdoc IWillRegistry
    function veto(WillId id) external {
        _requireTestator(id);
        _vetoClaim(id);
    }

    /// @inheritdoc IWillRegistry
    function vetoByKey(WillId id, bytes32 salt, bytes32[] calldata proof) external {
        _requireInManifest(id, WillLeaf.vetoKey(msg.sender, salt), proof);
        _vetoClaim(id);
    }

    /// @inheritdoc IWillRegistry
    function vetoBySignature(WillId id, bytes calldata signature) external {
        Life storage life = _lives[id];
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(VETO_TYPEHASH, id, life.version, life.claims)));
        if (!WillSignatures.isValid(_testator(id), digest, signature)) revert WillSignatureInvalid(id, _testator(id));
        _vetoClaim(id);
    }

    /// @inheritdoc IWillRegistry
    function extendWindow(WillId id, uint8 guardian, address[] calldata guardians, bytes32[] calldata proof) external {
        Life storage life = _lives[id];
        uint40 windowEnd = life.windowEnd;
        if (windowEnd == 0 || _seals[id].word.stage() != ALIVE) revert WillStateWrong(id, stateOf(id));
        if (block.timestamp >= windowEnd) revert WillWindowOver(id, windowEnd);
        _requireInManifest(id, WillLeaf.accounts(WillLeaf.GUARDIANS, guardians), proof);
        uint16 bit = _guardianBit(id, guardian);
        if (guardian > guardians.length || guardians[guardian - 1] != msg.sender)
            revert WillCallerNotNamed(id, msg.sender);
        if (life.leaked & bit != 0) revert WillGuardianDisabled(id, guardian);
        uint16 extended = life.extended;
        if (extended & bit != 0 || _ones(extended) >= MAX_EXTENSIONS) revert WillExtensionRefused(id, guardian);

        windowEnd += EXTENSION;
        (life.extended, life.windowEnd) = (extended | bit, windowEnd);
        emit WillWindowExtended(id, guardian, windowEnd);
    }

    /// @inheritdoc IWillRegistry
    function finalise(WillId id) external {
        Life storage life = _lives[id];
        Seal seal = _seals[id].word;
        (uint40 windowEnd, uint8 flags) = (life.windowEnd, life.flags);
        if (windowEnd == 0 || seal.stage() != ALIVE) revert WillStateWrong(id, stateOf(id));
        if (block.timestamp < windowEnd) revert WillWindowOpen(id, windowEnd);
        _seals[id].word = seal.withStage(WillState.Released);
        emit WillReleased(id, life.version);
        if (flags & FLAG_BONDED != 0) _creditBond(id, _bonds[id].claimant);
    }

    /// @inheritdoc IWillRegistry
    function withdrawBond(address payable to) external {
        uint256 amount = _credits[msg.sender];
        if (amount == 0) revert WillNothingToWithdraw(msg.sender);
        _credits[msg.sender] = 0;
        emit WillBondWithdrawn(to, amount);
        (bool sent, ) = to.call{value: amount}("");
        if (!sent) revert WillTransferFailed(to);
    }

    // ------------------------------------------------------------------ internal

    /// @inheritdoc WillLife
    function _vetoClaim(WillId id) internal override {
        Life storage life = _lives[id];
        if (life.windowEnd == 0 || _seals[id].word.stage() != ALIVE) revert WillStateWrong(id, stateOf(id));
        uint8 flags = life.flags;
        (life.lastBeat, life.windowEnd, life.extended) = (_latest(life.lastBeat), 0, 0);
        emit WillVetoed(id, life.claims, msg.sender);
        if (flags & FLAG_BONDED != 0) {
            life.flags = flags & ~FLAG_BONDED;
            _creditBond(id, _testator(id));
        }
    }

    function _creditBond(WillId id, address to) private {
        uint256 amount = _bonds[id].amount;
        delete _bonds[id];
        _credits[to] += amount;
        emit WillBondCredited(id, to, amount);
    }

    function _guardianBit(WillId id, uint8 guardian) internal pure returns (uint16) {
        unchecked {
            // Zero wraps around: both ends of the range in one comparison.
            uint256 position = uint256(guardian) - 1;
            if (position >= MAX_PEOPLE) revert WillIndexInvalid(id, guardian);
            return uint16(1 << position);
        }
    }
}
