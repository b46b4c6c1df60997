// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {CredentialType, ICredentialReader} from "../foundation/interfaces/ICredentialReader.sol";
import {Curve, DeviceSignatures} from "../foundation/libraries/DeviceSignatures.sol";
import {
    Approvals,
    DeviceKey,
    DeviceParties,
    IEquipmentRegister,
    Installation,
    Reading,
    ReadingRun,
    SignedReading
} from "./interfaces/IEquipmentRegister.sol";
import {DeviceProfile, DeviceState, DeviceStatus, DeviceWords} from "./libraries/DeviceWords.sol";
import {EquipmentTypes} from "./libraries/EquipmentTypes.sol";

/// @title EquipmentRegister
/// @notice Devices, their keys, and what they sign about themselves.
contract EquipmentRegister is IEquipmentRegister, EIP712 {
    using DeviceWords for uint256;
    using DeviceWords for DeviceState;
    using DeviceWords for DeviceProfile;
    using DeviceWords for Reading;

    enum Verdict {
        Good,
        Unknown,
        Stale,
        FromFuture,
        Unsigned
    }

    struct Point {
        bytes32 x;
        bytes32 y;
    }

    struct PendingKey {
        address key;
        uint40 readyAt;
        bool p256;
        Point point;
    }

    /// @notice Who may install: keccak256("publica.installer").
    CredentialType public constant INSTALLER = CredentialType.wrap(keccak256("publica.installer"));
    /// @notice Who may certify devices and firmware: keccak256("publica.manufacturer").
    CredentialType public constant MANUFACTURER = CredentialType.wrap(keccak256("publica.manufacturer"));
    /// @notice Between the announcement of a new key and the moment it can take effect, seconds.
    uint40 public constant REKEY_DELAY = 3 days;
    /// @notice How far a device's clock may run ahead of the chain's, seconds.
    uint256 public constant MAX_CLOCK_LEAD = 60;

    ICredentialReader public immutable CREDENTIALS;

    /// @inheritdoc IEquipmentRegister
    uint32 public deviceCount;
    mapping(uint32 device => uint256) private _states;
    mapping(uint32 device => uint256) private _profiles;
    mapping(uint32 device => DeviceParties) private _parties;
    mapping(uint32 device => Point) private _points;
    mapping(uint32 device => PendingKey) private _pending;
    /// @inheritdoc IEquipmentRegister
    mapping(uint32 device => uint64) public sequenceOf;
    /// @notice The device a key belongs or belonged to; 0: free.
    mapping(address key => uint32) public deviceOfKey;

    constructor(ICredentialReader credentials) EIP712("Publica EquipmentRegister", "1") {
        CREDENTIALS = credentials;
    }

    // read

    /// @inheritdoc IEquipmentRegister
    function stateOf(uint32 device) external view returns (DeviceState memory) {
        return _states[device].unpackState();
    }

    /// @inheritdoc IEquipmentRegister
    function profileOf(uint32 device) external view returns (DeviceProfile memory) {
        return _profiles[device].unpackProfile();
    }

    /// @inheritdoc IEquipmentRegister
    function partiesOf(uint32 device) external view returns (DeviceParties memory) {
        return _parties[device];
    }

    /// @inheritdoc IEquipmentRegister
    function readingDigest(
        uint32 device,
        uint32 counter,
        uint32 observedAt,
        int32 value
    ) external view returns (bytes32) {
        return
            _hashTypedDataV4(
                EquipmentTypes.reading(device, counter, observedAt, value, _profiles[device].firmwareOf())
            );
    }

    /// @inheritdoc IEquipmentRegister
    function checkRun(SignedReading[] calldata run) external view returns (ReadingRun memory result) {
        (result, ) = _checkRun(run);
    }

    // write

    /// @inheritdoc IEquipmentRegister
    function install(
        Installation calldata installation,
        bytes32 a,
        bytes32 b,
        bytes calldata certificate,
        Approvals calldata approvals
    ) external returns (uint32 device) {
        DeviceParties calldata parties = installation.parties;
        if (!CREDENTIALS.isValid(INSTALLER, parties.installer)) revert EquipmentPartyNotCredentialed(parties.installer);
        if (!CREDENTIALS.isValid(MANUFACTURER, parties.manufacturer))
            revert EquipmentPartyNotCredentialed(parties.manufacturer);
        bytes32 digest = _hashTypedDataV4(EquipmentTypes.installation(installation));
        address key = _provenKey(installation.key, digest, a, b);
        bytes32 certified = _hashTypedDataV4(
            EquipmentTypes.certificate(installation.key, installation.model, installation.firmware)
        );
        if (!SignatureChecker.isValidSignatureNowCalldata(parties.manufacturer, certified, certificate))
            revert EquipmentFirmwareUnsigned(installation.firmware);
        _requireTwoOfThree(parties, installation.deadline, digest, approvals);

        return _enter(installation, key);
    }

    /// @inheritdoc IEquipmentRegister
    function adjust(uint32 device, DeviceProfile calldata profile, Approvals calldata approvals) external {
        uint64 sequence = _nextSequence(device);
        bytes32 digest = _hashTypedDataV4(EquipmentTypes.adjustment(device, profile, sequence, approvals.deadline));
        _requireTwoOfThree(_parties[device], approvals.deadline, digest, approvals);
        DeviceProfile memory current = _profiles[device].unpackProfile();
        DeviceProfile memory next = profile;
        next.firmware = current.firmware;
        next.p256 = current.p256;
        _setProfile(device, next);
    }

    /// @inheritdoc IEquipmentRegister
    function updateFirmware(
        uint32 device,
        bytes32 firmware,
        uint40 deadline,
        bytes calldata manufacturerSignature
    ) external {
        uint64 sequence = _nextSequence(device);
        if (block.timestamp > deadline) revert EquipmentDeadlinePassed(deadline);
        bytes32 digest = _hashTypedDataV4(EquipmentTypes.firmwareUpdate(device, firmware, sequence, deadline));
        if (!SignatureChecker.isValidSignatureNowCalldata(_parties[device].manufacturer, digest, manufacturerSignature))
            revert EquipmentFirmwareUnsigned(firmware);
        DeviceProfile memory profile = _profiles[device].unpackProfile();
        profile.firmware = bytes8(firmware);
        _profiles[device] = profile.pack();
        emit FirmwareUpdated(device, firmware);
    }

    /// @inheritdoc IEquipmentRegister
    function proposeKey(
        uint32 device,
        DeviceKey calldata key,
        bytes32 a,
        bytes32 b,
        Approvals calldata approvals
    ) external {
        uint64 sequence = _nextSequence(device);
        bytes32 digest = _hashTypedDataV4(EquipmentTypes.keyChange(device, key, sequence, approvals.deadline));
        _requireTwoOfThree(_parties[device], approvals.deadline, digest, approvals);
        address account = _provenKey(key, digest, a, b);
        uint40 readyAt = uint40(block.timestamp) + REKEY_DELAY;
        _pending[device] = PendingKey(account, readyAt, key.curve == Curve.P256, Point(key.x, key.y));
        emit DeviceKeyProposed(device, account, readyAt);
    }

    /// @inheritdoc IEquipmentRegister
    function cancelKey(uint32 device) external {
        DeviceParties storage parties = _parties[device];
        if (msg.sender != parties.owner && msg.sender != parties.installer && msg.sender != parties.manufacturer)
            revert EquipmentNotAParty(msg.sender);
        if (_pending[device].key == address(0)) revert EquipmentKeyChangeNotReady(device, 0);
        delete _pending[device];
        emit DeviceKeyCancelled(device, msg.sender);
    }

    /// @inheritdoc IEquipmentRegister
    function applyKey(uint32 device) external {
        PendingKey memory pending = _pending[device];
        if (pending.key == address(0) || block.timestamp < pending.readyAt)
            revert EquipmentKeyChangeNotReady(device, pending.readyAt);
        DeviceState memory state = _inService(device).unpackState();
        if (deviceOfKey[pending.key] != 0) revert EquipmentKeyTaken(pending.key);
        deviceOfKey[pending.key] = device;
        delete _pending[device];
        state.key = pending.key;
        _states[device] = state.pack();
        DeviceProfile memory profile = _profiles[device].unpackProfile();
        profile.p256 = pending.p256;
        _profiles[device] = profile.pack();
        if (pending.p256) _points[device] = pending.point;
        emit DeviceKeyChanged(device, pending.key);
    }

    /// @inheritdoc IEquipmentRegister
    function retire(uint32 device, Approvals calldata approvals) external {
        uint64 sequence = _nextSequence(device);
        bytes32 digest = _hashTypedDataV4(EquipmentTypes.retirement(device, sequence, approvals.deadline));
        _requireTwoOfThree(_parties[device], approvals.deadline, digest, approvals);
        DeviceState memory state = _states[device].unpackState();
        state.status = DeviceStatus.Retired;
        _states[device] = state.pack();
        emit DeviceRetired(device);
    }

    /// @inheritdoc IEquipmentRegister
    function record(SignedReading calldata signed) external returns (DeviceStatus status, uint16 crew) {
        uint256 profile = _profiles[signed.reading.deviceOf()];
        (Verdict verdict, uint256 state) = _take(signed, profile, _domainSeparatorV4());
        if (verdict != Verdict.Good) _refuse(signed.reading, verdict);
        return (state.statusOf(), profile.crewOf());
    }

    /// @inheritdoc IEquipmentRegister
    function submitBatch(SignedReading[] calldata readings) external returns (uint256 accepted) {
        bytes32 domain = _domainSeparatorV4();
        for (uint256 i = 0; i < readings.length; ++i) {
            (Verdict verdict, ) = _take(readings[i], _profiles[readings[i].reading.deviceOf()], domain);
            if (verdict == Verdict.Good) ++accepted;
        }
    }

    /// @inheritdoc IEquipmentRegister
    function submitRun(SignedReading[] calldata run) external returns (ReadingRun memory result) {
        uint256 state;
        (result, state) = _checkRun(run);
        if (state == _states[result.device]) return result;
        _states[result.device] = state;
        emit ReadingAccepted(result.device, run[run.length - 1].reading, state.statusOf());
    }

    /// @inheritdoc IEquipmentRegister
    function markOffline(uint32 device) external {
        uint256 word = _inService(device);
        uint256 gap = _profiles[device].heartbeatGapOf();
        uint256 overdueAfter = gap == 0 ? type(uint256).max : uint256(word.observedAtOf()) + gap;
        if (word.statusOf() == DeviceStatus.Offline || block.timestamp <= overdueAfter)
            revert EquipmentNotOverdue(device, overdueAfter);
        DeviceState memory state = word.unpackState();
        state.status = DeviceStatus.Offline;
        state.streak = 0;
        state.outFor = 0;
        _states[device] = state.pack();
        emit DeviceWentOffline(device, state.observedAt);
    }

    // internal

    function _enter(Installation calldata installation, address key) private returns (uint32 device) {
        device = ++deviceCount;
        deviceOfKey[key] = device;
        _parties[device] = installation.parties;
        DeviceProfile memory profile = installation.profile;
        profile.firmware = bytes8(installation.firmware);
        profile.p256 = installation.key.curve == Curve.P256;
        if (profile.p256) _points[device] = Point(installation.key.x, installation.key.y);
        _states[device] = DeviceState(key, uint32(block.timestamp), 0, 0, 0, DeviceStatus.Normal).pack();
        emit DeviceInstalled(device, key, installation.model, installation.firmware, installation.parties);
        _setProfile(device, profile);
    }

    function _inService(uint32 device) private view returns (uint256 state) {
        state = _states[device];
        if (!state.isInService()) revert EquipmentDeviceUnknown(device);
    }

    function _nextSequence(uint32 device) private returns (uint64) {
        _inService(device);
        return sequenceOf[device]++;
    }

    function _take(
        SignedReading calldata signed,
        uint256 profile,
        bytes32 domain
    ) private returns (Verdict verdict, uint256 state) {
        (uint32 device, uint32 counter, uint32 observedAt, int32 value) = signed.reading.parts();
        state = _states[device];
        if (!state.isInService()) return (Verdict.Unknown, state);
        if (counter <= state.counterOf() || observedAt < state.observedAtOf()) return (Verdict.Stale, state);
        if (observedAt > block.timestamp + MAX_CLOCK_LEAD) return (Verdict.FromFuture, state);
        if (!_isSigned(signed, state.keyOf(), profile, domain)) return (Verdict.Unsigned, state);
        state = state.advance(profile, counter, observedAt, value);
        _states[device] = state;
        emit ReadingAccepted(device, signed.reading, state.statusOf());
    }

    function _refuse(Reading reading, Verdict verdict) private pure {
        (uint32 device, uint32 counter, uint32 observedAt, ) = reading.parts();
        if (verdict == Verdict.Unknown) revert EquipmentDeviceUnknown(device);
        if (verdict == Verdict.Stale) revert EquipmentReadingStale(device, counter);
        if (verdict == Verdict.FromFuture) revert EquipmentReadingFromFuture(device, observedAt);
        revert EquipmentReadingUnsigned(device, counter);
    }

    function _isSigned(
        SignedReading calldata signed,
        address key,
        uint256 profile,
        bytes32 domain
    ) private view returns (bool) {
        bytes32 digest = EquipmentTypes.readingDigest(domain, signed.reading, profile.firmwareOf());
        if (!profile.isP256()) return DeviceSignatures.recoverSecp256k1(digest, signed.a, signed.b) == key;
        Point storage point = _points[signed.reading.deviceOf()];
        return DeviceSignatures.verifyP256(digest, signed.a, signed.b, point.x, point.y);
    }

    /// @dev Also the state after those readings of the run that the register has not seen.
    function _checkRun(SignedReading[] calldata run) private view returns (ReadingRun memory result, uint256 state) {
        if (run.length == 0) revert EquipmentRunBroken(0);
        result.device = run[0].reading.deviceOf();
        state = _inService(result.device);
        uint256 profile = _profiles[result.device];
        bytes32 domain = _domainSeparatorV4();
        result.partner = profile.witnessOf();
        result.allInside = true;
        result.allOutside = true;
        uint256 expected;
        for (uint256 i = 0; i < run.length; ++i) {
            SignedReading calldata signed = run[i];
            (uint32 device, uint32 counter, uint32 observedAt, int32 value) = signed.reading.parts();
            if (i == 0) {
                expected = counter;
                result.firstAt = observedAt;
            }
            if (device != result.device || counter != expected || observedAt < result.lastAt)
                revert EquipmentRunBroken(i);
            if (!_isSigned(signed, state.keyOf(), profile, domain)) revert EquipmentReadingUnsigned(device, counter);
            if (!profile.isBack(value)) result.allInside = false;
            if (profile.isWithin(value)) result.allOutside = false;
            if (counter > state.counterOf() && observedAt >= state.observedAtOf())
                state = state.advance(profile, counter, observedAt, value);
            result.lastAt = observedAt;
            unchecked {
                ++expected;
            }
        }
        if (result.lastAt > block.timestamp + MAX_CLOCK_LEAD)
            revert EquipmentReadingFromFuture(result.device, result.lastAt);
    }

    function _provenKey(
        DeviceKey calldata key,
        bytes32 digest,
        bytes32 a,
        bytes32 b
    ) private view returns (address account) {
        if (
            !DeviceSignatures.isValidKey(key.curve, key.x, key.y) ||
            !DeviceSignatures.verify(key.curve, key.x, key.y, digest, a, b)
        ) revert EquipmentKeyUnproven(key.x);
        account =
            key.curve == Curve.P256
                ? address(uint160(uint256(keccak256(abi.encode(key.x, key.y)))))
                : address(uint160(uint256(key.x)));
        if (deviceOfKey[account] != 0) revert EquipmentKeyTaken(account);
    }

    function _setProfile(uint32 device, DeviceProfile memory profile) private {
        int256 band = int256(uint256(profile.band));
        bool sane = int256(profile.low) + band <= int256(profile.high) - band;
        bool partnered = profile.partner != 0 && profile.partner != device && _states[profile.partner].isInService();
        if (!sane || (profile.critical && !partnered)) revert EquipmentProfileInvalid();
        _profiles[device] = profile.pack();
        emit DeviceAdjusted(device, profile);
    }

    /// @dev The same account in two offices counts once.
    function _requireTwoOfThree(
        DeviceParties memory parties,
        uint40 deadline,
        bytes32 digest,
        Approvals calldata approvals
    ) private view {
        if (block.timestamp > deadline) revert EquipmentDeadlinePassed(deadline);
        bool owner = _approved(parties.owner, digest, approvals.owner);
        bool installer = _approved(parties.installer, digest, approvals.installer);
        bool manufacturer = _approved(parties.manufacturer, digest, approvals.manufacturer);
        uint256 count = owner ? 1 : 0;
        if (installer && !(owner && parties.installer == parties.owner)) ++count;
        if (
            manufacturer &&
            !(owner && parties.manufacturer == parties.owner) &&
            !(installer && parties.manufacturer == parties.installer)
        ) ++count;
        if (count < 2) revert EquipmentTwoOfThreeMissing(count);
    }

    function _approved(address party, bytes32 digest, bytes calldata signature) private view returns (bool) {
        return signature.length != 0 && SignatureChecker.isValidSignatureNowCalldata(party, digest, signature);
    }
}
